import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Terminal } from '../support/cluster/attach.ts';
import { Stage } from '../support/cluster/stage.ts';

// What people see of the supervisor: little (docs/adr/0035).

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('describe-and-ps');
  await stage.runningPod('web');
});

afterAll(() => stage.close());

const describePod = async (): Promise<string[]> => (await stage.kubectl(['describe', 'pod', 'web'])).stdout.split('\n');

it('the supervisor adds few lines to kubectl describe pod', async () => {
  const before = await describePod();
  await stage.createSession('look', { target: { podName: 'web', containerName: 'app' } });
  await stage.untilPhase('look', 'Running');
  const lines = await describePod();
  expect(lines.map((line) => line.trim())).toContain('eval "$DEBUGSESSION_SUPERVISOR"');
  expect(lines.length - before.length).toBeLessThan(45);
});

it('ps shows one short line for each process of the supervisor, and the command of the session', async () => {
  const terminal = await Terminal.attach(stage, await stage.session('look'));
  const seen = await terminal.run('ps -o args | cat; echo d""one', /done/);
  terminal.type('exit');
  await terminal.ended();
  const lines = seen.split(/\r?\n/).map((line) => line.trimEnd());
  const own = lines.filter((line) => line.includes('supervisor'));
  expect(own.length).toBeGreaterThan(0);
  expect(own.filter((line) => line.length > 120)).toEqual([]);
  expect(lines).toContain('sh');
});
