import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { ApiError, ConnectionError } from '../../../src/kube/api-error.ts';
import { PodStreams } from '../../../src/kube/pod-stream.ts';
import { type RequestReport, RestClient, type RestClientOptions } from '../../../src/kube/rest-client.ts';
import { NotLeaderError } from '../../../src/runtime/not-leader-error.ts';
import { FakeClock, settle } from '../../support/fakes/fake-clock.ts';
import {
  exitStatus,
  type LoopbackPod,
  onChannel,
  type PodBehaviour,
  startLoopbackPod,
} from '../../support/fakes/loopback-pod.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Scene {
  pod: LoopbackPod;
  streams: PodStreams;
  clock: FakeClock;
  reports: RequestReport[];
}

async function scene(behaviour: PodBehaviour, options: RestClientOptions = {}): Promise<Scene> {
  const pod = await startLoopbackPod(behaviour);
  const reports: RequestReport[] = [];
  const client = new RestClient(pod.config, { ...options, onRequest: (report) => void reports.push(report) });
  cleanups.push(pod.close, () => client.close());
  const clock = new FakeClock();
  return { pod, streams: new PodStreams(client, clock), clock, reports };
}

const target = { namespace: 'shop', pod: 'web-0', container: 'debug', timeoutMs: 10_000 };
const exec = { ...target, command: ['sh', '-c', 'a b&c'] };
const attach = { ...target, tty: true };
const key = (text: string, pauseMs: number): { bytes: Uint8Array; pauseMs: number } => ({
  bytes: Buffer.from(text),
  pauseMs,
});
const untilPause = async (clock: FakeClock, ms: number): Promise<void> => {
  while (clock.nextTimer !== ms) await settle();
};
const thrownBy = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

describe('exec', () => {
  it('exec asks for the container and the command, with credentials, and offers v5 before v4', async () => {
    const { pod, streams, reports } = await scene({
      stream: (stream) => {
        stream.send(onChannel(3, exitStatus(0)));
        stream.close();
      },
    });
    await streams.exec(exec);
    const [request] = pod.requests;
    expect(request?.url).toBe(
      '/base/api/v1/namespaces/shop/pods/web-0/exec?container=debug&command=sh&command=-c&command=a+b%26c&stdout=true&stderr=true',
    );
    expect(request?.headers).toMatchObject({
      authorization: 'Bearer test-token',
      accept: '*/*',
      'user-agent': 'debugsession',
      'sec-websocket-protocol': 'v5.channel.k8s.io, v4.channel.k8s.io',
    });
    expect(reports).toMatchObject([
      { verb: 'CONNECT', path: '/api/v1/namespaces/shop/pods/web-0/exec', code: 101, ms: expect.any(Number) },
    ]);
  });

  it('exec returns the exit code and both outputs, in any order and any pieces', async () => {
    const { pod, streams } = await scene({
      stream: (stream) => {
        for (const channel of [0, 1, 2, 3]) stream.send(onChannel(channel, ''));
        stream.send(onChannel(1, 'one '), { fin: false });
        stream.ping('are you there');
        stream.send('two', { binary: true });
        const status = onChannel(3, exitStatus(3));
        stream.send(status.subarray(0, 20), { fin: false });
        stream.send(status.subarray(20));
        stream.send(onChannel(2, 'oh ü'));
        stream.once('pong', () => stream.close());
      },
    });
    expect(await streams.exec(exec)).toEqual({ kind: 'exited', exitCode: 3, stdout: 'one two', stderr: 'oh ü' });
    await pod.untilLeft();
  });

  it('exec speaks v4 when the server offers only v4', async () => {
    const { streams } = await scene({
      protocol: 'v4.channel.k8s.io',
      stream: (stream) => {
        stream.send(onChannel(3, exitStatus(0)));
        stream.close();
      },
    });
    expect(await streams.exec(exec)).toMatchObject({ kind: 'exited', exitCode: 0 });
  });

  it('exec returns up to 4 KiB of each output', async () => {
    const [out, oh] = ['x'.repeat(4096), 'ü'.repeat(2048)];
    const { streams } = await scene({
      stream: (stream) => {
        for (const part of [oh.slice(0, 999), oh.slice(999)]) stream.send(onChannel(2, part));
        stream.send(onChannel(1, out));
        stream.send(onChannel(3, exitStatus(0)));
        stream.close();
      },
    });
    expect(await streams.exec(exec)).toEqual({ kind: 'exited', exitCode: 0, stdout: out, stderr: oh });
  });

  it.each([1, 2])('exec leaves a program that prints more than 4 KiB on channel %i', async (channel) => {
    const { pod, streams } = await scene({
      stream: (stream) => {
        const more = (): void => {
          if (stream.readyState === stream.OPEN) stream.send(onChannel(channel, 'x'.repeat(100_000)), more);
        };
        more();
      },
    });
    const outcome = await streams.exec({ ...exec, timeoutMs: 60_000 });
    expect(outcome).toEqual({ kind: 'unbounded', message: 'it printed more than 4096 bytes' });
    await pod.untilLeft();
  });

  it('exec leaves a program that does not end in its time', async () => {
    const { pod, streams } = await scene({ stream: (stream) => stream.send(onChannel(1, 'Survived')) });
    const outcome = await streams.exec({ ...exec, timeoutMs: 200 });
    expect(outcome).toEqual({
      kind: 'unbounded',
      message: 'the stream was closed after 200 ms, because it had not ended',
    });
    await pod.untilLeft();
  });

  it('exec quotes the runtime, without ids, when a program cannot start', async () => {
    const words =
      'Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "d4ed63": OCI runtime exec failed: exec failed: unable to start container process: exec: "sh": executable file not found in $PATH';
    const { streams } = await scene({
      stream: (stream) => {
        stream.send(onChannel(3, { status: 'Failure', reason: 'InternalError', code: 500, message: words }));
        stream.close();
      },
    });
    const message = 'unable to start container process: exec: "sh": executable file not found in $PATH';
    expect(await streams.exec(exec)).toEqual({ kind: 'notStarted', message });
  });

  it.each<[string, NonNullable<PodBehaviour['stream']>, RegExp]>([
    ['closes', (stream) => stream.close(1011, 'no'), /^the server closed the stream before it said/],
    ['goes away', (stream) => stream.terminate(), /before it said/],
    [
      'fails',
      (stream) => {
        stream.send(onChannel(3, { status: 'Failure', message: 'rpc error: the runtime restarts' }));
        stream.close();
      },
      /^rpc error: the runtime restarts$/,
    ],
    ['sends text', (stream) => stream.send('no binary'), /the server sent a frame of kind 1/],
    [
      'sends no JSON',
      (stream) => {
        stream.send(onChannel(3, 'oops'));
        stream.close();
      },
      /^oops$/,
    ],
  ])('exec reports a cut stream when the server %s', async (_, stream, message) => {
    const { pod, streams } = await scene({ stream });
    expect(await streams.exec(exec)).toEqual({ kind: 'cut', message: expect.stringMatching(message) });
    await pod.untilLeft();
  });
});

describe('a refused stream', () => {
  it.each([
    [403, 'Forbidden', 'pods "web-0" is forbidden: User "op" cannot create resource "pods/exec"'],
    [422, 'Invalid', 'ValidatingAdmissionPolicy denied request: not a debug container'],
    [404, 'NotFound', 'pods "web-0" not found'],
    [500, '', 'container not found ("debug")'],
  ])('a refused stream throws an ApiError with the words of the server: %i', async (code, reason, message) => {
    const body = reason === '' ? message : JSON.stringify({ kind: 'Status', code, reason, message });
    const { pod, streams, reports } = await scene({
      refuse: (socket) =>
        socket.end(`HTTP/1.1 ${code} No\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
    });
    for (const refused of [streams.exec(exec), streams.attach(attach, [])]) {
      const error = await thrownBy(refused);
      expect(error).toBeInstanceOf(ApiError);
      expect(error).toMatchObject({ code, reason, message });
    }
    expect(reports).toMatchObject([{ code }, { code }]);
    await pod.untilLeft();
  });

  it('the stream reads its credentials anew after a 401', async () => {
    const { pod, streams } = await scene({
      refuse: (socket) => socket.end('HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n'),
    });
    await thrownBy(streams.exec(exec));
    Object.assign(pod.config.getUsers()[0] ?? {}, { token: 'renewed' });
    await thrownBy(streams.exec(exec));
    expect(pod.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer test-token', 'Bearer renewed']);
  });

  it('the stream limits the error text of a server that answers without end', async () => {
    const { streams } = await scene({
      refuse: (socket) => socket.end(`HTTP/1.1 502 No\r\nconnection: close\r\n\r\n${'<html>'.repeat(100_000)}`),
    });
    const error = await thrownBy(streams.exec(exec));
    expect(error).toMatchObject({ name: 'ApiError', code: 502 });
    expect((error as Error).message.length).toBeLessThanOrEqual(500);
  });

  it('a stream throws a ConnectionError when the server is down or answers without a correct WebSocket', async () => {
    const config = new KubeConfig();
    config.loadFromClusterAndUser({ name: 'c', server: 'http://127.0.0.1:1', skipTLSVerify: true }, { name: 'u' });
    const nobody = new RestClient(config);
    cleanups.push(() => nobody.close());
    const refused = await thrownBy(new PodStreams(nobody, new FakeClock()).exec(exec));
    expect(refused).toMatchObject({ name: 'ConnectionError', code: 'ECONNREFUSED' });
    const { pod, streams } = await scene({ protocol: 'base64.channel.k8s.io' });
    expect(await thrownBy(streams.exec(exec))).toMatchObject({ name: 'ConnectionError', code: 'EPROTO' });
    await pod.untilLeft();
    const head = 'HTTP/1.1 101 Yes\r\nupgrade: websocket\r\nconnection: upgrade\r\n';
    const wrongKey = `${head}sec-websocket-protocol: v5.channel.k8s.io\r\nsec-websocket-accept: x\r\n\r\n`;
    const other = await scene({ refuse: (socket) => socket.write(wrongKey) });
    expect(await thrownBy(other.streams.exec(exec))).toMatchObject({ name: 'ConnectionError', code: 'EPROTO' });
    await other.pod.untilLeft();
  });
});

describe('a stream that must end', () => {
  const reason = new Error('the term is over');

  it('a stream that is aborted while it runs throws the reason and leaves no connection', async () => {
    for (const run of ['exec', 'attach'] as const) {
      const stop = new AbortController();
      const { pod, streams } = await scene({ stream: () => stop.abort(reason) });
      const options = { ...target, signal: stop.signal };
      const running =
        run === 'exec'
          ? streams.exec({ ...options, command: ['x'] })
          : streams.attach({ ...options, tty: true }, [key('x', 60_000)]);
      expect(await thrownBy(running)).toBe(reason);
      await pod.untilLeft();
    }
  });

  it('a stream that is aborted before it starts, or while the server thinks, throws the reason', async () => {
    const asked = Promise.withResolvers<Duplex>();
    const { pod, streams } = await scene({ refuse: asked.resolve });
    expect(await thrownBy(streams.exec({ ...exec, signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(pod.requests).toHaveLength(0);
    const late = new AbortController();
    const thinking = thrownBy(streams.exec({ ...exec, signal: late.signal }));
    await asked.promise;
    late.abort(reason);
    expect(await thinking).toBe(reason);
    await pod.untilLeft();
  });

  it('a stream that is aborted while it waits for its connection is never sent', async () => {
    const { pod, streams } = await scene({
      stream: (stream) => {
        stream.send(onChannel(3, exitStatus(0)));
        stream.close();
      },
    });
    await streams.exec(exec);
    const stop = new AbortController();
    const connecting = thrownBy(streams.exec({ ...exec, command: ['never'], signal: stop.signal }));
    for (let i = 0; i < 100; i++) await Promise.resolve();
    stop.abort(reason);
    expect(await connecting).toBe(reason);
    await streams.exec(exec);
    expect(pod.requests.filter(({ url }) => url?.includes('never'))).toEqual([]);
  });

  it('a failing source of keys leaves no connection', async () => {
    const { pod, streams } = await scene({});
    const failing = (function* () {
      yield key('x', 0);
      throw reason;
    })();
    expect(await thrownBy(streams.attach(attach, failing))).toMatchObject({ cause: reason });
    await pod.untilLeft();
  });

  it('a stream that is aborted while connecting throws the reason, and its deadline counts there', async () => {
    // It takes connections, but says nothing: TLS waits.
    const accepted: Duplex[] = [];
    const silent = createServer((socket) => void accepted.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'c', server: `https://127.0.0.1:${port}`, skipTLSVerify: true },
      { name: 'u' },
    );
    const client = new RestClient(config);
    const streams = new PodStreams(client, new FakeClock());
    const early = new AbortController();
    const connecting = thrownBy(streams.exec({ ...exec, signal: early.signal }));
    await once(silent, 'connection');
    cleanups.push(
      async () => void silent.close(),
      () => client.close(),
      async () => accepted.forEach((socket) => socket.destroy()),
    );
    early.abort(reason);
    expect(await connecting).toBe(reason);
    expect(await thrownBy(streams.exec({ ...exec, timeoutMs: 50 }))).toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('a stream ends at its deadline while the server thinks, and throws a ConnectionError', async () => {
    const silent = await scene({ refuse: () => undefined });
    const late = await thrownBy(silent.streams.exec({ ...exec, timeoutMs: 50 }));
    expect(late).toBeInstanceOf(ConnectionError);
    expect(late).toMatchObject({ code: 'ETIMEDOUT' });
    await silent.pod.untilLeft();
  });

  it('a stream ends at its deadline while it types, and throws a StreamTimeoutError', async () => {
    const { pod, streams } = await scene({});
    const late = await thrownBy(streams.attach({ ...attach, timeoutMs: 200 }, [key('x', 60_000)]));
    expect(late).toMatchObject({ name: 'StreamTimeoutError', message: expect.stringMatching(/after 200 ms/) });
    await pod.untilLeft();
  });

  it('a stream is sent only while its process leads', async () => {
    const behaviour: PodBehaviour = {
      stream: (stream) => {
        stream.send(onChannel(3, exitStatus(0)));
        stream.close();
      },
    };
    let leads = true;
    let isAsked = 0;
    const mayWrite = (): boolean => {
      isAsked++;
      return leads;
    };
    const { pod, streams, reports } = await scene(behaviour, { mayWrite });
    await streams.exec(exec);
    const connecting = thrownBy(streams.exec(exec));
    // No I/O can have happened yet, but the request waits for its connection already.
    for (let i = 0; i < 100; i++) await Promise.resolve();
    leads = false;
    expect(await connecting).toBeInstanceOf(NotLeaderError);
    expect(await thrownBy(streams.attach(attach, []))).toBeInstanceOf(NotLeaderError);
    expect([pod.requests.length, reports.length, isAsked]).toEqual([1, 1, 3]);
  });
});

describe('attach', () => {
  /** A server that keeps what is typed. */
  async function typewriter(): Promise<
    Scene & { typed: string[]; closed: number[]; untilTyped: (count: number) => Promise<void>; hangUp: () => void }
  > {
    const typed: string[] = [];
    const closed: number[] = [];
    const accepted: { close(): void }[] = [];
    const stage = await scene({
      stream: (stream) => {
        stream.on('message', (data: Buffer) => typed.push(data.toString('latin1')));
        stream.on('close', (code) => void closed.push(code));
        accepted.push(stream);
      },
    });
    const untilTyped = async (count: number): Promise<void> => {
      while (typed.length < count) await settle();
    };
    return { ...stage, typed, closed, untilTyped, hangUp: () => accepted.forEach((stream) => stream.close()) };
  }

  it('attach types on the channel of stdin with its pauses, closes only the connection, and ends', async () => {
    const { pod, streams, clock, typed, closed, untilTyped } = await typewriter();
    const attached = streams.attach(attach, [key('\x03', 300), key('\x04', 500)]);
    await untilTyped(1);
    await untilPause(clock, 300);
    clock.advance(299);
    await settle();
    expect(typed).toHaveLength(1);
    clock.advance(1);
    await untilTyped(2);
    await untilPause(clock, 500);
    clock.advance(500);
    expect(await attached).toEqual({ kind: 'typed' });
    await pod.untilLeft();
    expect(typed).toEqual(['\0\x03', '\0\x04']);
    expect(closed).toEqual([1000]);
    expect(pod.requests[0]?.url).toContain('attach?container=debug&stdin=true&stdout=true&stderr=false&tty=true');
  });

  it('attach loses nothing when it ends at once', async () => {
    const { pod, streams, typed } = await typewriter();
    const text = 'x'.repeat(300_000);
    // No pause, and so no timer that the clock would have to fire.
    await streams.attach({ ...attach, tty: false }, [key(text, 0)]);
    await pod.untilLeft();
    expect(typed).toEqual([`\0${text}`]);
    expect(pod.requests[0]?.url).toContain('stderr=true&tty=false');
  });

  it('attach ends when the container has ended, and leaves no timer', async () => {
    const { pod, streams, clock, untilTyped, hangUp } = await typewriter();
    const attached = streams.attach(attach, [key('\x03', 300), key('\x04', 500)]);
    await untilTyped(1);
    hangUp();
    expect(await attached).toEqual({ kind: 'ended' });
    expect(clock.timers).toBe(0);
    await pod.untilLeft();
  });

  it('attach throws an error that the server sends during the stream', async () => {
    const message = 'container not found ("debug")';
    const { streams } = await scene({
      stream: (stream) => {
        stream.send(onChannel(3, { status: 'Failure', code: 500, reason: 'InternalError', message }));
        stream.close();
      },
    });
    expect(await thrownBy(streams.attach(attach, [key('x', 1000)]))).toMatchObject({ name: 'ApiError', message });
  });
});

describe('a server behind a proxy', () => {
  it('a stream reaches the server through a proxy', async () => {
    const { pod } = await scene({
      stream: (stream) => {
        stream.send(onChannel(3, exitStatus(0)));
        stream.close();
      },
    });
    const server = pod.config.getCurrentCluster()?.server ?? '';
    const proxy = createServer((inside) => {
      inside.on('error', () => undefined);
      inside.once('data', (head: Buffer) => {
        const outside = connect(Number(new URL(server).port), '127.0.0.1');
        outside.on('error', () => undefined);
        if (head.toString().startsWith('CONNECT ')) inside.write('HTTP/1.1 200 OK\r\n\r\n');
        else outside.write(head.toString().replace(/^GET http:\/\/[^/]+/, 'GET '));
        inside.pipe(outside).pipe(inside);
      });
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    Object.assign(pod.config.getClusters()[0] ?? {}, {
      proxyUrl: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    });
    let through = 0;
    proxy.on('connection', () => through++);
    const client = new RestClient(pod.config);
    cleanups.push(
      () => new Promise((resolve) => proxy.close(resolve)),
      () => client.close(),
    );
    expect(await new PodStreams(client, new FakeClock()).exec(exec)).toMatchObject({ exitCode: 0 });
    expect(through).toBe(1);
  });
});
