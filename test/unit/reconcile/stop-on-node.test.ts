import { expect, it } from '@jest/globals';
import type { DebugSession, Run, RunStop, StopRoute, SupervisorMode } from '../../../src/api/debugsession.ts';
import type { ExecOutcome } from '../../../src/kube/pod-stream.ts';
import { ContainerControl } from '../../../src/reconcile/container-control.ts';
import type { OnNode } from '../../../src/reconcile/stop-pods.ts';
import { effectiveValues } from '../../../src/session/container/effective.ts';
import type { ActionOutcome } from '../../../src/session/look/actions.ts';
import { aSession, NOON } from '../../support/builders/builders.ts';
import { FakeClock } from '../../support/fakes/fake-clock.ts';

// What is asked of the node for a run.

const ID = 'ab'.repeat(32);
const RUN: Run = {
  ...{ attempt: 1, podName: 'web-1', podUID: 'pod', nodeName: 'n1', state: 'Running' },
  ...{ debugContainerName: 'debug-0123abcd-1', containerID: `containerd://${ID}` },
};
const SESSION: DebugSession = { ...aSession(), status: { attempt: 1 } };
const SURVIVED: ExecOutcome = { kind: 'exited', exitCode: 1, stdout: 'Survived 2\n', stderr: '' };

/**
 * Does the routes one after the other.
 * @returns what was asked of the node, the times of the execs, and the last outcome
 */
async function after(
  routes: StopRoute[],
  { run = RUN, exec = SURVIVED }: { run?: Run; exec?: ExecOutcome } = {},
): Promise<{ asked: OnNode[]; execMs: (number | undefined)[]; outcome: ActionOutcome | undefined }> {
  const asked: OnNode[] = [];
  const execMs: (number | undefined)[] = [];
  let done: () => void = () => undefined;
  const stopOnNode = async (container: OnNode): Promise<ActionOutcome> => {
    asked.push(container);
    return { kind: 'asked' };
  };
  const control = new ContainerControl({
    streams: {
      exec: async ({ timeoutMs }) => {
        execMs.push(timeoutMs);
        return exec;
      },
      attach: () => Promise.reject(new Error('nobody attaches')),
    },
    evict: () => Promise.reject(new Error('nobody evicts')),
    stopOnNode,
    clock: new FakeClock(NOON),
    onDone: () => done(),
  });
  for (const route of routes) {
    const over = new Promise<void>((resolve) => (done = resolve));
    const beforeNode = routes.indexOf('Node') > routes.indexOf(route);
    control.begin(SESSION, { kind: 'stop', run, route, ...(beforeNode && { beforeNode }) });
    await over;
  }
  return { asked, execMs, outcome: control.actionsOf(SESSION, run)?.tried.Node?.outcome };
}

it('the operator asks the node of the run to end the container of the run', async () => {
  const { asked, outcome } = await after(['Node']);
  expect(asked).toEqual([
    {
      ...{ nodeName: 'n1', runtime: 'containerd', containerID: ID, containerName: 'debug-0123abcd-1' },
      ...{ podUID: 'pod', podNamespace: SESSION.metadata.namespace, podName: 'web-1', graceSeconds: '1' },
    },
  ]);
  expect(outcome).toEqual({ kind: 'asked' });
});

it('the operator asks the node to end the container that the kubelet has run again', async () => {
  const again = 'cd'.repeat(32);
  const ranAgain = { containerID: `cri-o://${again}`, seenAt: '2026-01-01T12:00:00Z' };
  const { asked } = await after(['Node'], { run: { ...RUN, ranAgain } });
  expect(asked).toMatchObject([{ runtime: 'cri-o', containerID: again }]);
});

it.each<[string, ExecOutcome, string]>([
  ['no grace after signals from inside', SURVIVED, '0'],
  ['no grace after a script that hung', { kind: 'unbounded', message: 'it did not end' }, '0'],
  ['a second where there was no shell to send them', { kind: 'notStarted', message: 'no' }, '1'],
])('the stop on the node gives the container %s', async (_words, exec, graceSeconds) => {
  expect((await after(['Exec', 'Node'], { exec })).asked).toMatchObject([{ graceSeconds }]);
});

it.each<[string, SupervisorMode, string]>([
  ['no grace at the deadline of a supervisor', 'Shell', '0'],
  ['a second at a deadline without a supervisor', 'None', '1'],
])('the stop on the node gives the container %s', async (_words, supervisor, graceSeconds) => {
  const stop: RunStop = { cause: 'Deadline', requestedAt: '2026-01-01T12:00:00Z', routes: ['Node'] };
  const run: Run = { ...RUN, effective: effectiveValues({ ...SESSION.spec, supervisor }), stop };
  expect((await after(['Node'], { run })).asked).toMatchObject([{ graceSeconds }]);
});

it('an exec with the node behind it has 2 s, and an exec after the node has 15 s', async () => {
  expect((await after(['Exec', 'Node'])).execMs).toEqual([2_000]);
  expect((await after(['Node', 'Exec'])).execMs).toEqual([15_000]);
});

it.each<[string, Partial<Run>]>([
  ['the kubelet has not told the ID', { containerID: '' }],
  ['the node is not known', { nodeName: '' }],
])('the stop on the node is impossible where %s', async (_words, different) => {
  const { asked, outcome } = await after(['Node'], { run: { ...RUN, ...different } });
  expect([asked, outcome]).toEqual([
    [],
    { kind: 'impossible', message: expect.stringMatching(/which container it is/) },
  ]);
});
