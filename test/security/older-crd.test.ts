import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { buildPlugin } from '../../scripts/plugin.ts';
import { busyboxImage } from '../cluster/image-names.ts';
import { Dbg } from '../support/cluster/dbg.ts';
import { repositoryPath } from '../support/documents/crd.ts';
import { Stage } from '../support/cluster/stage.ts';

// The resource of the whole cluster is older for a while: it lacks a field.

const CRD = 'debugsessions.debugsession.dev';
const PATH = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/podAfterSession';

const folder = mkdtempSync(join(tmpdir(), 'kubectl-dbg-kuberc-'));
const kuberc = join(folder, 'kuberc');
/** What a person may have set for every `kubectl create`. */
const PREFERENCE = {
  apiVersion: 'kubectl.config.k8s.io/v1beta1',
  kind: 'Preference',
  defaults: [{ command: 'create', options: [{ name: 'validate', default: 'ignore' }] }],
};

let stage: Stage;
let dbg: Dbg;

beforeAll(async () => {
  await buildPlugin();
  writeFileSync(kuberc, JSON.stringify(PREFERENCE));
  stage = await Stage.open('older-crd');
  dbg = new Dbg(stage);
  await stage.runningPod('web');
  await must(['patch', 'crd', CRD, '--type=json', `--patch=${JSON.stringify([{ op: 'remove', path: PATH }])}`]);
});

afterAll(async () => {
  await must(['apply', '--server-side', '--force-conflicts', '-f', repositoryPath(`crds/${CRD}.yaml`)]);
  await untilDoctorSees(/^ok +resources /m);
  while ((await stage.kubectl(['get', 'dbg'])).code !== 0);
  dbg.close();
  rmSync(folder, { recursive: true });
  await stage.close();
});

async function must(args: string[]): Promise<void> {
  const { code, stderr } = await stage.kubectl(args);
  if (code !== 0) throw new Error(stderr);
}

const session = JSON.stringify({
  apiVersion: 'debugsession.dev/v1alpha1',
  kind: 'DebugSession',
  metadata: { name: 'newer' },
  spec: { target: { podName: 'web' }, image: busyboxImage, command: ['true'], podAfterSession: 'Evict' },
});

/** The API server takes a moment to serve the older schema. */
async function untilDoctorSees(word: RegExp): Promise<string> {
  for (;;) {
    const { stdout } = await dbg.run(['doctor']);
    if (word.test(stdout)) return stdout;
  }
}

it('kubectl dbg creates no session with a field that an older resource would drop, and says so', async () => {
  const said = await untilDoctorSees(/DebugSession spec\.podAfterSession/);
  expect(said).toMatch(/^warning {2}resources +the resources are older than this plugin, and lack: /m);
  const refused = await dbg.run(['-f', '-', `--kuberc=${kuberc}`], session);
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^error: the DebugSession of this cluster has no field spec\.podAfterSession: it is older/m,
    ),
  });
  expect((await stage.kubectl(['get', 'dbg', '--output=name'])).stdout).toBe('');
});
