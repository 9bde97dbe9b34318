import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { orderArguments, STOP_EXIT, type StopOrder } from '../../../src/api/stop-order.ts';
import { repositoryPath } from '../../support/documents/crd.ts';
import { type PlayedContainer, PlayedRuntime } from '../../support/fakes/played-runtime.ts';

// The program of a stop pod, run as a process of its own, against a server that speaks CRI. That a real runtime obeys
// it is shown by test/in-cluster/node-stop.test.ts.

const ORDER: StopOrder = {
  containerID: 'ab'.repeat(32),
  containerName: 'debug-0123abcd-1',
  podUID: '6d4b1d3e-6c0f-4a3b-9d43-0a5a3b1f0c11',
  podNamespace: 'shop',
  graceSeconds: '1',
  podName: 'web',
};
const LABELS = {
  'io.kubernetes.container.name': ORDER.containerName,
  'io.kubernetes.pod.name': ORDER.podName,
  'io.kubernetes.pod.namespace': ORDER.podNamespace,
  'io.kubernetes.pod.uid': ORDER.podUID,
};
let runtime: PlayedRuntime;

beforeEach(async () => {
  runtime = await new PlayedRuntime().start();
});
afterEach(() => runtime.stop());

function known(different: Partial<PlayedContainer> = {}): void {
  runtime.containers.set(ORDER.containerID, {
    id: ORDER.containerID,
    state: 'CONTAINER_RUNNING',
    labels: LABELS,
    ...different,
  });
}

const carryOut = (order = ORDER): ReturnType<typeof run> => run(`--socket=${runtime.socket}`, ...orderArguments(order));

async function run(...argv: string[]): Promise<{ code: unknown; said: string }> {
  const program = spawn(process.execPath, [repositoryPath('src/node-stop/main.ts'), ...argv]);
  const [said] = await Promise.all([text(program.stderr), once(program, 'exit')]);
  return { code: program.exitCode, said: said.trim() };
}

describe('the stop program', () => {
  it('the stop program asks the runtime to end the ordered container, with a short grace, and no other', async () => {
    known();
    runtime.containers.set('cd'.repeat(32), { id: 'cd'.repeat(32), state: 'CONTAINER_RUNNING', labels: LABELS });
    expect(await carryOut()).toEqual({ code: STOP_EXIT.stopped, said: `container ${ORDER.containerID} was stopped` });
    expect(runtime.stopped).toEqual([{ container_id: ORDER.containerID, timeout: 1 }]);
  });

  it('the stop program has the container killed at once when the order says so', async () => {
    known();
    expect(await carryOut({ ...ORDER, graceSeconds: '0' })).toMatchObject({ code: STOP_EXIT.stopped });
    expect(runtime.stopped).toEqual([{ container_id: ORDER.containerID, timeout: 0 }]);
  });

  it.each(Object.keys(LABELS))('the stop program refuses a container with another label %s', async (label) => {
    known({ labels: { ...LABELS, [label]: 'other' } });
    const { code, said } = await carryOut();
    expect([code, runtime.stopped]).toEqual([STOP_EXIT.refused, []]);
    expect(said).toContain(`refused: container ${ORDER.containerID} has the label ${label}=other, not `);
  });

  it.each<[string, Partial<PlayedContainer>]>([
    ['without labels', { labels: {} }],
    ['that was made and not started', { state: 'CONTAINER_CREATED' }],
    ['of another ID than was asked for', { id: 'cd'.repeat(32) }],
  ])('the stop program refuses a container %s', async (_words, different) => {
    known(different);
    const { code, said } = await carryOut();
    expect([code, runtime.stopped]).toEqual([STOP_EXIT.refused, []]);
    expect(said).toMatch(/^refused: [ -~]+$/);
  });

  it('the stop program says that the node has no such container', async () => {
    expect(await carryOut()).toMatchObject({
      code: STOP_EXIT.notRunning,
      said: expect.stringMatching(/has no container/),
    });
    expect(runtime.stopped).toEqual([]);
  });

  it('the stop program says that a container has ended before, and stops nothing', async () => {
    known({ state: 'CONTAINER_EXITED' });
    const said = `container ${ORDER.containerID} has ended before`;
    expect(await carryOut()).toEqual({ code: STOP_EXIT.notRunning, said });
    expect(runtime.stopped).toEqual([]);
  });

  it('the stop program quotes the runtime in one line when the stop fails', async () => {
    known();
    runtime.onStop = (_request, reply) => reply({ code: 13, details: 'no\nsuch \u001b[31mtask' });
    expect(await carryOut()).toEqual({
      code: STOP_EXIT.failed,
      said: `the runtime did not stop container ${ORDER.containerID}: no such [31mtask`,
    });
  });

  it('the stop program stops waiting for a runtime that hangs', async () => {
    runtime.onStatus = () => undefined;
    expect(await carryOut()).toMatchObject({
      code: STOP_EXIT.failed,
      said: expect.stringMatching(/did not answer in time$/),
    });
  });

  it('the stop program says that no runtime listens on the socket', async () => {
    runtime.stop();
    expect(await carryOut()).toMatchObject({
      code: STOP_EXIT.failed,
      said: expect.stringMatching(/ENOENT .*cri\.sock\.$/),
    });
  });

  it('the stop program does nothing with an invalid order', async () => {
    known();
    expect(await run(`--socket=${runtime.socket}`, '--container-id=all')).toMatchObject({ code: STOP_EXIT.fault });
    expect(runtime.stopped).toEqual([]);
  });
});
