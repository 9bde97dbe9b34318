import { afterEach, describe, expect, it } from '@jest/globals';
import { Agent } from 'undici';
import { upgrade } from '../../../src/kube/upgrade.ts';
import { startLoopbackPod } from '../../support/fakes/loopback-pod.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('upgrade', () => {
  it('an upgrade keeps 64 KiB of a refusal', async () => {
    const pod = await startLoopbackPod({
      refuse: (socket) => socket.end(`HTTP/1.1 502 No\r\nconnection: close\r\n\r\n${'x'.repeat(1_000_000)}`),
    });
    const dispatcher = new Agent();
    cleanups.push(pod.close, () => dispatcher.destroy());
    const { origin } = new URL(pod.config.getCurrentCluster()?.server ?? '');
    const request = { origin, path: '/', method: 'GET' } as const;
    const { statusCode, body, socket } = await upgrade(dispatcher, request, new AbortController().signal);
    expect([statusCode, (await body.text()).length, socket]).toEqual([502, 65_536, undefined]);
  });
});
