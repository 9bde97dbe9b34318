import { type AddressInfo, connect as connectTcp, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ExecOptions, PodStreams, type StreamTarget } from '../../src/kube/pod-stream.ts';
import { RestClient } from '../../src/kube/rest-client.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { connectToCluster } from '../support/cluster/connect-to-cluster.ts';
import { Stage } from '../support/cluster/stage.ts';

// What a real API server, kubelet and runtime send on exec and attach: none of it is specified, so all of it is tried.

const busybox = { image: 'docker.io/library/busybox:1.36', imagePullPolicy: 'IfNotPresent' };
const distroless = { image: 'docker.io/library/distroless:test', imagePullPolicy: 'IfNotPresent' };
/** It ends at a TERM, although it is process 1. */
const untilTerm = ['sh', '-c', "trap 'exit 0' TERM; while :; do sleep 0.2; done"];

/** Containers whose end each test can see; they are not started again. */
const spec = {
  restartPolicy: 'Never',
  terminationGracePeriodSeconds: 1,
  containers: [
    { name: 'app', ...distroless },
    { name: 'shell', ...busybox, command: untilTerm },
    { name: 'mortal', ...busybox, command: untilTerm },
    { name: 'terminal', ...busybox, stdin: true, tty: true, command: ['sh', '-c', 'sh; exit 5'] },
    { name: 'plain', ...busybox, stdin: true, command: ['sh'] },
    { name: 'kept', ...busybox, stdin: true, command: ['sh', '-c', 'read one; read two; exit $((one + two))'] },
  ],
};

const key = (text: string, pauseMs = 0): { bytes: Uint8Array; pauseMs: number } => ({
  bytes: Buffer.from(text),
  pauseMs,
});

describe('exec and attach', () => {
  let stage: Stage;
  let streams: PodStreams;
  const codes: [string, number][] = [];
  const connection = connectToCluster({ onRequest: ({ verb, code }) => void codes.push([verb, code]) });

  beforeAll(async () => {
    stage = await Stage.open('pod-stream', { operator: false });
    await stage.runningPod('web', spec);
    streams = new PodStreams(connection.client, systemClock);
  });

  afterAll(async () => {
    await connection.client.close();
    await stage.close();
  });

  const at = (container: string): StreamTarget => ({
    namespace: stage.namespace,
    pod: 'web',
    container,
    timeoutMs: 20_000,
  });
  const exec = (container: string, ...command: string[]): ExecOptions => ({ ...at(container), command });
  const untilExit = (container: string): Promise<number | undefined> =>
    stage.untilPod('web', (pod) => exitCodeOf(pod, container) !== undefined).then((pod) => exitCodeOf(pod, container));

  it('exec returns the exit code and the output of a program', async () => {
    const ran = await streams.exec(exec('shell', 'sh', '-c', 'echo out; echo err >&2'));
    expect(ran).toEqual({ kind: 'exited', exitCode: 0, stdout: 'out\n', stderr: 'err\n' });
    const failed = await streams.exec(exec('shell', 'sh', '-c', 'yes | head -c 4096; exit 3'));
    expect(failed).toMatchObject({ exitCode: 3, stdout: 'y\n'.repeat(2048) });
    expect(codes).toEqual([
      ['CONNECT', 101],
      ['CONNECT', 101],
    ]);
  });

  it('exec leaves a program at its bound when the program prints without end or does not end', async () => {
    expect(await streams.exec(exec('shell', 'yes'))).toMatchObject({ kind: 'unbounded' });
    expect(await streams.exec({ ...exec('shell', 'sleep', '30'), timeoutMs: 2_000 })).toMatchObject({
      kind: 'unbounded',
      message: expect.stringMatching(/after 2000 ms/),
    });
  });

  it.each([
    ['that is not there', 'shell', 'nope', 'executable file not found in $PATH'],
    ['whose path is not there', 'shell', '/bin/nope', 'no such file or directory'],
    ['that may not be run', 'shell', '/etc/passwd', 'permission denied'],
    ['in an image without a shell', 'app', 'sh', 'executable file not found in $PATH'],
  ])('exec says that a program %s was not started', async (_, container, program, words) => {
    const outcome = await streams.exec(exec(container, program));
    expect(outcome).toEqual({ kind: 'notStarted', message: expect.stringContaining(words) });
    // No id of the exec: the message is the same one each time.
    expect(outcome).toEqual(await streams.exec(exec(container, program)));
  });

  it('exec returns 137 when the container ends under the program, and says then that there is no container', async () => {
    const running = streams.exec(exec('mortal', 'sh', '-c', 'kill -TERM 1; exec sleep 100'));
    expect(await running).toMatchObject({ kind: 'exited', exitCode: 137 });
    await untilExit('mortal');
    const noContainer = { name: 'ApiError', code: 500, message: expect.stringContaining('not found') };
    await expect(streams.exec(exec('mortal', 'true'))).rejects.toMatchObject(noContainer);
    await expect(streams.attach({ ...at('mortal'), tty: false }, [])).rejects.toMatchObject(noContainer);
  });

  it('exec fails with the words of the API server', async () => {
    await expect(streams.exec({ ...exec('shell', 'true'), pod: 'nobody' })).rejects.toMatchObject({
      name: 'ApiError',
      code: 404,
      message: 'pods "nobody" not found',
    });
    const path = await stage.cluster.createServiceAccountKubeconfig(stage.namespace, 'default');
    const { client } = connectToCluster({ kubeconfig: path });
    await expect(new PodStreams(client, systemClock).exec(exec('shell', 'true'))).rejects.toMatchObject({
      name: 'ApiError',
      code: 403,
      reason: 'Forbidden',
      message: expect.stringContaining('pods/exec'),
    });
    await client.close();
  });

  it('attach ends a shell on a terminal by Ctrl-C and Ctrl-D while a program runs in the shell', async () => {
    const attached = { ...at('terminal'), tty: true };
    expect(await streams.attach(attached, [key('sleep 1000\r', 500)])).toEqual({ kind: 'typed' });
    expect(await streams.attach(attached, [key('\x03', 300), key('\x04', 15_000)])).toEqual({ kind: 'ended' });
    expect(await untilExit('terminal')).toBe(5);
  });

  it('attach ends a shell that reads a plain stdin, also when attach does not wait', async () => {
    await streams.attach({ ...at('plain'), tty: false }, [key('exit 4\n')]);
    expect(await untilExit('plain')).toBe(4);
  });

  it('attach leaves the stdin of the container open', async () => {
    const attached = { ...at('kept'), tty: false };
    expect(await streams.attach(attached, [key('3\n')])).toEqual({ kind: 'typed' });
    await streams.attach(attached, [key('4\n', 15_000)]);
    expect(await untilExit('kept')).toBe(7);
  });

  it('exec goes through the proxy of the kubeconfig', async () => {
    const proxy = await startProxy();
    const { config } = connectToCluster();
    const { port } = proxy.address() as AddressInfo;
    Object.assign(config.getCurrentCluster() ?? {}, { proxyUrl: `http://127.0.0.1:${port}` });
    const client = new RestClient(config);
    const outcome = await new PodStreams(client, systemClock).exec(exec('shell', 'true'));
    await client.close();
    await new Promise((resolve) => proxy.close(resolve));
    expect(outcome).toMatchObject({ kind: 'exited', exitCode: 0 });
  });
});

function exitCodeOf(pod: RawPod, container: string): number | undefined {
  const state = pod.status?.containerStatuses?.find(({ name }) => name === container)?.state;
  return state?.terminated?.exitCode;
}

/** CONNECT only (RFC 9110, 9.3.6). */
async function startProxy(): Promise<Server> {
  const proxy = createServer((inside) => {
    inside.on('error', () => undefined);
    inside.once('data', (head: Buffer) => {
      const [, host = '', port] = /^CONNECT ([^ ]+):(\d+) /.exec(head.toString('latin1')) ?? [];
      const outside = connectTcp(Number(port), host, () => inside.write('HTTP/1.1 200 OK\r\n\r\n'));
      outside.on('error', () => inside.destroy());
      inside.pipe(outside).pipe(inside);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return proxy;
}
