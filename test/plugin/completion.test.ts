import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { run } from '../cluster/run-program.ts';
import { Dbg } from '../support/cluster/dbg.ts';
import { Stage } from '../support/cluster/stage.ts';

let stage: Stage;
let dbg: Dbg;
const folder = mkdtempSync(join(tmpdir(), 'kubectl-dbg-completion-'));

beforeAll(async () => {
  stage = await Stage.open('plugin-completion', { operator: false });
  dbg = new Dbg(stage);
  await stage.runningPod('web');
  const { stdout } = await dbg.runBare(['completion']);
  writeFileSync(join(folder, 'kubectl_complete-dbg'), stdout);
  chmodSync(join(folder, 'kubectl_complete-dbg'), 0o755);
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  dbg.close();
  await stage.close();
});

/** What kubectl itself offers for the last of these words. */
async function offered(...words: string[]): Promise<string[]> {
  const env = { ...dbg.env, PATH: `${folder}${delimiter}${dbg.env['PATH']}` };
  const { stdout } = await run(['kubectl', '__complete', 'dbg', ...words], { env });
  return stdout.split('\n').filter((line) => line !== '' && !line.startsWith(':'));
}

it('kubectl completes verbs, pods, containers and sessions of kubectl dbg', async () => {
  const there = `--namespace=${stage.namespace}`;
  expect(await offered('sh')).toEqual(['show']);
  expect(await offered(there, 'we')).toEqual(['web']);
  expect(await offered(there, 'web', '--container', '')).toEqual(['app']);
  await stage.createSession('look', { target: { podName: 'web' } });
  expect(await offered('show', there, '')).toEqual(['look']);
  expect(await offered('web', '--profile', 'net')).toEqual(['netadmin']);
});
