import { beforeEach, describe, expect, it } from '@jest/globals';
import { STOP_EXIT } from '../../../src/api/stop-order.ts';
import { ApiError } from '../../../src/kube/api-error.ts';
import { type OnNode, StopPods, type StopPodsOptions } from '../../../src/reconcile/stop-pods.ts';
import { stopPodName } from '../../../src/reconcile/stop-pod.ts';
import { FakeClock } from '../../support/fakes/fake-clock.ts';

const CONTAINER: OnNode = {
  nodeName: 'n1',
  runtime: 'containerd',
  containerID: 'ab'.repeat(32),
  containerName: 'debug-0123abcd-1',
  podUID: '6d4b1d3e-6c0f-4a3b-9d43-0a5a3b1f0c11',
  podNamespace: 'shop',
  podName: 'web',
  graceSeconds: '1',
};
const NAME = stopPodName(CONTAINER);
const PATH = '/api/v1/namespaces/stops/pods';

interface Made {
  metadata: { name: string };
  spec: { nodeName: string; containers: { image: string }[]; volumes: { hostPath: object }[] };
}

/** An API server with a kubelet that the test plays: each watch shows the next of `statuses`. */
class Server {
  readonly made: Made[] = [];
  readonly deleted: unknown[] = [];
  refusal: ApiError | undefined;
  statuses: (object | 'ADDED' | 'DELETED' | 'closes' | Error)[] = [];
  removal: Error | undefined;
  left: { metadata: { name: string; uid: string } }[] = [];
  /** Resolves when a watch has nothing more to show. */
  readonly waiting = Promise.withResolvers<void>();

  /** Of creates the options, of lists all that was asked. */
  readonly options: unknown[] = [];

  readonly client = {
    create: async (path: string, body: unknown, options: unknown) => {
      expect(path).toBe(PATH);
      this.options.push(options);
      if (this.refusal !== undefined) throw this.refusal;
      const made = body as Made;
      this.made.push(made);
      return { ...made, metadata: { ...made.metadata, uid: 'stop-uid' } };
    },
    delete: async (path: string, { body }: { body?: unknown } = {}) => {
      this.deleted.push([path, body]);
      if (this.removal !== undefined) throw this.removal;
      return {};
    },
    list: async (...asked: unknown[]) => {
      this.options.push(...asked);
      return { items: this.left };
    },
    watch: (_path: string, { fieldSelector }: { fieldSelector?: string }, signal?: AbortSignal) =>
      this.#watch(String(fieldSelector).replace('metadata.name=', ''), signal),
  } as unknown as StopPodsOptions['client'];

  async *#watch(name: string, signal?: AbortSignal): AsyncGenerator<object> {
    const metadata = { name, uid: 'stop-uid' };
    for (let status = this.statuses.shift(); status !== undefined; status = this.statuses.shift()) {
      if (status === 'closes') return;
      if (status instanceof Error) throw status;
      if (typeof status === 'object' && 'code' in status) yield { type: 'ERROR', object: status };
      else if (typeof status === 'string') yield { type: status, object: { metadata } };
      else yield { type: 'MODIFIED', object: { metadata, status } };
    }
    this.waiting.resolve();
    await new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))));
  }
}

const succeeded = {
  phase: 'Succeeded',
  containerStatuses: [{ state: { terminated: { exitCode: STOP_EXIT.stopped } } }],
};
const { signal } = new AbortController();
let server: Server;
let clock: FakeClock;

beforeEach(() => {
  server = new Server();
  clock = new FakeClock();
});

function stopPods(more: Partial<StopPodsOptions> = {}): StopPods {
  const image = async (): Promise<string> => 'registry.example/operator:1';
  return new StopPods({ client: server.client, namespace: 'stops', image, socket: undefined, clock, ...more });
}

describe('a stop on the node', () => {
  it('a stop makes one pod on the node with the image of the operator, and deletes the pod at the end', async () => {
    server.statuses = [{ phase: 'Pending' }, { phase: 'Running' }, succeeded];
    expect(await stopPods().stop(CONTAINER, signal)).toEqual({ kind: 'asked' });
    expect(server.made).toMatchObject([
      {
        metadata: { name: NAME },
        spec: {
          nodeName: 'n1',
          containers: [{ image: 'registry.example/operator:1' }],
          volumes: [{ hostPath: { path: '/run/containerd/containerd.sock', type: 'Socket' } }],
        },
      },
    ]);
    expect(server.deleted).toEqual([[`${PATH}/${NAME}`, { preconditions: { uid: 'stop-uid' } }]]);
  });

  it('a stop uses the stop pod that an earlier operator made', async () => {
    server.refusal = new ApiError({ code: 409, reason: 'AlreadyExists', message: 'pods already exists' });
    server.statuses = [succeeded];
    expect(await stopPods().stop(CONTAINER, signal)).toEqual({ kind: 'asked' });
    expect([server.made, server.deleted.length]).toEqual([[], 1]);
  });

  it('a stop watches its pod again when the server closes the watch', async () => {
    server.statuses = [{ phase: 'Pending' }, 'closes', succeeded];
    expect(await stopPods().stop(CONTAINER, signal)).toEqual({ kind: 'asked' });
  });

  it.each<[string, Partial<OnNode>, string | undefined, string]>([
    ['CRI-O has its own', { runtime: 'cri-o' }, undefined, '/run/crio/crio.sock'],
    ['the flag says so', { runtime: 'docker' }, '/run/cri-dockerd.sock', '/run/cri-dockerd.sock'],
  ])('a stop pod mounts the socket where %s', async (_words, other, socket, path) => {
    server.statuses = [succeeded];
    await stopPods({ socket }).stop({ ...CONTAINER, ...other }, signal);
    expect(server.made[0]?.spec.volumes).toMatchObject([{ hostPath: { path } }]);
  });

  it('a stop is impossible with a runtime whose socket is not known', async () => {
    expect(await stopPods().stop({ ...CONTAINER, runtime: 'docker' }, signal)).toMatchObject({
      kind: 'impossible',
      message: expect.stringMatching(/give --cri-socket$/),
    });
    expect(server.made).toEqual([]);
  });

  it('a stop finds nothing that runs where its pod says that the container has ended before', async () => {
    const terminated = { exitCode: STOP_EXIT.notRunning, message: 'container abab has ended before\n' };
    server.statuses = [{ phase: 'Failed', containerStatuses: [{ state: { terminated } }] }];
    const outcome = await stopPods().stop(CONTAINER, signal);
    expect(outcome).toEqual({ kind: 'notRunning', message: 'container abab has ended before' });
  });

  it.each<[string, object | 'DELETED', RegExp]>([
    [
      'refused what it found',
      {
        phase: 'Failed',
        containerStatuses: [
          { state: { terminated: { exitCode: STOP_EXIT.refused, message: 'refused: has the label\n' } } },
        ],
      },
      /exit code 3: refused: has the label$/,
    ],
    [
      'was not admitted',
      { phase: 'Failed', reason: 'OutOfpods', message: 'Node did not have enough' },
      /OutOfpods: Node did/,
    ],
    ['was deleted by somebody', 'DELETED', /did not run: it was deleted$/],
  ])('a stop fails with a pod that %s, and deletes that pod', async (_words, status, message) => {
    server.statuses = [status];
    expect(await stopPods().stop(CONTAINER, signal)).toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(message),
    });
    expect(server.deleted).toHaveLength(1);
  });

  it.each<[string, object, string, RegExp]>([
    ['no kubelet takes up', { phase: 'Pending' }, 'unreachable', /^node n1 has not taken up its stop pod$/],
    [
      'has no image',
      {
        phase: 'Pending',
        startTime: 'x',
        containerStatuses: [{ state: { waiting: { reason: 'ErrImagePull', message: 'no such host' } } }],
      },
      'failed',
      /has not started on node n1: ErrImagePull: no such host$/,
    ],
    [
      'has no socket',
      { phase: 'Pending', startTime: 'x' },
      'failed',
      /may have no socket \/run\/containerd\/containerd\.sock/,
    ],
    ['hangs', { phase: 'Running', startTime: 'x' }, 'failed', /has not ended in time/],
  ])('the operator gives up a stop pod that %s, and deletes that pod', async (_words, status, kind, message) => {
    server.statuses = [status];
    const outcome = stopPods().stop(CONTAINER, signal);
    await server.waiting.promise;
    clock.advance(35_000);
    expect(await outcome).toMatchObject({ kind, message: expect.stringMatching(message) });
    expect(server.deleted).toHaveLength(1);
  });

  it.each<[string, (object | 'ADDED')[]]>([
    ['shows nothing of it', []],
    ['shows a pod without a status', ['ADDED']],
    ['shows a pod that no kubelet has seen', [{}]],
    ['fails in between', [{ phase: 'Pending' }, { kind: 'Status', metadata: {}, code: 410, status: 'Failure' }]],
  ])('a stop reports an unreachable node and deletes its pod where the watch of that %s', async (_words, statuses) => {
    server.statuses = [...statuses];
    const outcome = stopPods().stop(CONTAINER, signal);
    await server.waiting.promise;
    clock.advance(35_000);
    expect(await outcome).toEqual({ kind: 'unreachable', message: 'node n1 has not taken up its stop pod' });
    expect(server.deleted).toEqual([[`${PATH}/${NAME}`, { preconditions: { uid: 'stop-uid' } }]]);
  });

  it.each<[string, object, RegExp]>([
    ['the kubelet has no words', { phase: 'Failed', containerStatuses: [] }, /did not run: it was deleted$/],
    [
      'the runtime has a reason without words',
      {
        phase: 'Failed',
        containerStatuses: [{ state: { terminated: { exitCode: 5, message: '', reason: 'Error' } } }],
      },
      /exit code 5: Error$/,
    ],
  ])('a stop says what is known of a pod of which %s', async (_words, status, message) => {
    server.statuses = [status];
    expect(await stopPods().stop(CONTAINER, signal)).toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(message),
    });
  });

  it.each<[string, object[], RegExp]>([
    ['has no container yet', [], /ContainerCreating; the container runtime may have no socket/],
    ['has a container without a state', [{}], /ContainerCreating; the container runtime may have no socket/],
    [
      'has a container with a reason alone',
      [{ state: { waiting: { reason: 'CreateContainerError', message: '' } } }],
      /n1: CreateContainerError$/,
    ],
  ])('the operator says why it gives up a stop pod that %s', async (_words, containerStatuses, message) => {
    server.statuses = [{ phase: 'Pending', startTime: 'x', containerStatuses }];
    const outcome = stopPods().stop(CONTAINER, signal);
    await server.waiting.promise;
    clock.advance(35_000);
    expect(await outcome).toMatchObject({ kind: 'failed', message: expect.stringMatching(message) });
  });

  it('a stop ends with the fault of its watch, and with the signal', async () => {
    server.statuses = [{ phase: 'Pending' }, new ApiError({ code: 403, reason: '', message: 'may not watch' })];
    await expect(stopPods().stop(CONTAINER, signal)).rejects.toThrow('may not watch');
    const abort = new AbortController();
    const outcome = stopPods().stop(CONTAINER, abort.signal);
    await server.waiting.promise;
    abort.abort();
    await expect(outcome).rejects.toThrow('aborted');
    // The next leader looks at what a term has left.
    expect(server.deleted).toHaveLength(1);
    expect([clock.timers, server.options]).toEqual([0, [{ signal }, { signal: abort.signal }]]);
  });

  it('a stop that finds an earlier pod of which no watch shows anything deletes none', async () => {
    server.refusal = new ApiError({ code: 409, reason: 'AlreadyExists', message: 'pods already exists' });
    const outcome = stopPods().stop(CONTAINER, signal);
    await server.waiting.promise;
    clock.advance(35_000);
    expect([(await outcome).kind, server.deleted]).toEqual(['unreachable', []]);
  });

  it('a stop pod that may not be watched is deleted, also where that fails, and stays where the connection broke', async () => {
    const fault = new ApiError({ code: 403, reason: '', message: 'may not watch' });
    const deletion = [`${PATH}/${NAME}`, { preconditions: { uid: 'stop-uid' } }];
    server.statuses = [fault];
    await expect(stopPods().stop(CONTAINER, signal)).rejects.toThrow('may not watch');
    expect(server.deleted).toEqual([deletion]);
    server.statuses = [fault];
    server.removal = new Error('no answer');
    await expect(stopPods().stop(CONTAINER, signal)).rejects.toThrow('may not watch');
    expect(server.deleted).toEqual([deletion, deletion]);
    server.statuses = [new Error('ECONNRESET')];
    await expect(stopPods().stop(CONTAINER, signal)).rejects.toThrow('ECONNRESET');
    expect(server.deleted).toEqual([deletion, deletion]);
  });

  it.each([404, 409])('a stop pod that another operator deleted before (%i) is no failure', async (code) => {
    server.statuses = [succeeded];
    server.removal = new ApiError({ code, reason: '', message: 'no' });
    expect(await stopPods().stop(CONTAINER, signal)).toEqual({ kind: 'asked' });
  });

  it.each<[string, () => Error]>([
    ['the API server refuses', () => new ApiError({ code: 500, reason: '', message: 'no' })],
    ['has no answer', () => new Error('no')],
  ])('a stop fails where the delete of its pod %s', async (_words, error) => {
    server.statuses = [succeeded];
    server.removal = error();
    await expect(stopPods().stop(CONTAINER, signal)).rejects.toBe(server.removal);
  });

  it('a stop throws the refusal of the API server', async () => {
    server.refusal = new ApiError({ code: 403, reason: 'Forbidden', message: 'exceeded quota' });
    await expect(stopPods().stop(CONTAINER, signal)).rejects.toBe(server.refusal);
  });
});

it('a sweep deletes the stop pod of an earlier operator when that pod is done', async () => {
  server.left = [{ metadata: { name: NAME, uid: 'stop-uid' } }];
  server.statuses = [{ phase: 'Running' }, succeeded];
  await stopPods().sweep(signal);
  expect(server.deleted).toEqual([[`${PATH}/${NAME}`, { preconditions: { uid: 'stop-uid' } }]]);
  expect(server.options).toEqual([
    PATH,
    { labelSelector: 'app.kubernetes.io/name=debugsession,app.kubernetes.io/component=node-stop' },
    { signal },
  ]);
});
