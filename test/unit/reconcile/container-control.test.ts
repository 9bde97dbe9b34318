import { expect, it } from '@jest/globals';
import type { DebugSession, Run } from '../../../src/api/debugsession.ts';
import type { ExecOutcome } from '../../../src/kube/pod-stream.ts';
import { ContainerControl } from '../../../src/reconcile/container-control.ts';
import { aSession, NOON } from '../../support/builders/builders.ts';
import { FakeClock } from '../../support/fakes/fake-clock.ts';

const RUN: Run = { attempt: 1, podName: 'web-1', podUID: 'pod', debugContainerName: 'debug-1', state: 'Running' };

const SURVIVED: ExecOutcome = { kind: 'exited', exitCode: 1, stdout: 'Survived 2\n', stderr: '' };

/** A session whose exec of the stop script has gone so: by default it has found two processes that survived. */
async function tried(
  outcome: ExecOutcome = SURVIVED,
): Promise<{ control: ContainerControl; session: (attempt: number) => DebugSession }> {
  const session = (attempt: number): DebugSession => ({ ...aSession(), status: { attempt } });
  let done: (key: string) => void = () => undefined;
  const over = new Promise<string>((resolve) => (done = resolve));
  const control = new ContainerControl({
    streams: {
      exec: () => Promise.resolve(outcome),
      attach: () => Promise.reject(new Error('nobody attaches')),
    },
    evict: () => Promise.reject(new Error('nobody evicts')),
    clock: new FakeClock(NOON),
    onDone: (key) => done(key),
  });
  control.begin(session(1), { kind: 'stop', run: RUN, route: 'Exec' });
  expect(control.actionsOf(session(1), RUN)?.underWay).toBe('Exec');
  await over;
  return { control, session };
}

it('the outcome of an action belongs to the attempt of that action', async () => {
  const { control, session } = await tried();
  expect(control.actionsOf(session(1), RUN)?.tried.Exec).toMatchObject({
    outcome: { kind: 'survived', processes: 2 },
    times: 1,
  });
  expect(control.actionsOf(session(1), { ...RUN, attempt: 2 })).toBeUndefined();
});

it.each<[string, ExecOutcome, object]>([
  [
    'prints too much has failed, and its node was reached',
    { kind: 'unbounded', message: 'it printed more than 4096 bytes' },
    { kind: 'failed', message: 'its script goes on alone: it printed more than 4096 bytes' },
  ],
  [
    'runs outside the container has signalled nothing',
    { kind: 'exited', exitCode: 1, stdout: 'Blind\n', stderr: '' },
    { kind: 'impossible', message: expect.stringMatching(/^nothing was signalled/) },
  ],
  [
    'no shell can run is impossible',
    { kind: 'notStarted', message: 'no' },
    { kind: 'impossible', message: expect.stringMatching(/no shell .* entered a mount namespace/) },
  ],
])('a stop script that %s', async (_, outcome, expected) => {
  const { control, session } = await tried(outcome);
  expect(control.actionsOf(session(1), RUN)?.tried.Exec?.outcome).toEqual(expected);
});

it('the status of an action is taken for written only in the state that the planner saw', async () => {
  const { control, session } = await tried();
  const seen = control.actionsOf(session(1), RUN);
  control.settle(session(1), { tried: {} });
  expect(control.actionsOf(session(1), RUN)?.isSaid).toBeUndefined();
  control.settle(session(1), seen);
  expect(control.actionsOf(session(1), RUN)?.isSaid).toBe(true);
});
