import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { DebugSessionSpec } from '../../src/api/debugsession.ts';
import { type Outcome, run } from '../cluster/run-program.ts';
import { appPod, shellPod } from '../support/builders/pods.ts';
import { Dbg } from '../support/cluster/dbg.ts';
import { Stage } from '../support/cluster/stage.ts';
import { Guide } from '../support/documents/guide.ts';
import { transcript } from '../support/documents/transcript.ts';

// docs/guides: what `kubectl dbg` starts there, and the YAML that is printed below it.

/** By page, the sessions of its YAML, in the order of its lines. */
const PAGES: Readonly<Record<string, string[]>> = {
  'attach-again.md': ['long-look'],
  'completed-pod.md': ['look-at-migrate'],
  'crash-looping.md': ['beside-crashing'],
  'files.md': ['config-of-web', 'config-of-orders', 'config-as-1000', 'read-journal'],
  'logs.md': ['check-web'],
  'network.md': ['network-of-web'],
  'processes.md': ['look-at-web', 'processes-of-web'],
  'restricted-namespace.md': ['restricted'],
  'static-pod.md': ['look-at-proxy'],
};

let stage: Stage;
let dbg: Dbg;

beforeAll(async () => {
  stage = await Stage.open('plugin-guides');
  dbg = new Dbg(stage);
  const pods = ['web', 'api', 'orders', 'journal', 'crashing', 'proxy-node-1'];
  await Promise.all([
    ...pods.map((name) => stage.runningPod(name, appPod())),
    stage.createPod('migrate', shellPod('echo migrated 17 rows', { restartPolicy: 'Never' })),
  ]);
});

afterAll(async () => {
  dbg.close();
  await stage.close();
});

/** Types a line of a guide into a shell, for the namespace of this test. @param flags besides */
function type(line: string, flags = ''): Promise<Outcome> {
  const [, start = '', rest = ''] = /^(kubectl dbg \S+(?: [a-z][\w-]*(?= |$))?)(.*)$/.exec(line) ?? [];
  const command = `${start} --namespace=${stage.namespace} ${flags}${rest}`;
  return run(['sh', '-c', command], { env: dbg.env, input: '' });
}

/** Without what differs in how it is written alone. */
function comparable({ image, ...rest }: Partial<DebugSessionSpec>): object {
  return { image: image?.replace(/^docker\.io\/library\//, ''), ...rest };
}

it.each(Object.entries(PAGES))('kubectl dbg in docs/guides/%s starts the sessions of the YAML', async (page, names) => {
  const guide = new Guide(page);
  const starts = transcript(guide.text).filter(({ command }) =>
    /^kubectl dbg (?!attach|logs|again|end|show|ls)/.test(command),
  );
  expect(starts).toHaveLength(names.length);
  for (const [index, name] of names.entries()) {
    const { code, stdout, stderr } = await type(starts[index]?.command ?? '', '--dry-run=client --output=json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { spec } = JSON.parse(stdout) as { spec: Partial<DebugSessionSpec> };
    expect(comparable(spec)).toEqual(comparable(guide.object(name).spec ?? {}));
  }
});

it('the commands of docs/guides/logs.md print what the page shows', async () => {
  const steps = transcript(new Guide('logs.md').text).filter(({ command }) => command.startsWith('kubectl dbg'));
  expect(steps.length).toBeGreaterThanOrEqual(4);
  for (const { command, shown } of steps)
    expect([command, (await type(command)).stdout.trimEnd()]).toEqual([command, shown.join('\n')]);
});

it('docs/guides/files.md shows the file that kubectl dbg prints', async () => {
  const [first] = transcript(new Guide('files.md').text);
  expect((await type(first?.command ?? '')).stdout.trimEnd()).toBe(first?.shown.join('\n'));
});
