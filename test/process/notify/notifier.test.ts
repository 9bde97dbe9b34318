import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Notifier } from '../../../src/notify/notifier.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import type { Plan } from '../../../src/session/plan/effect.ts';
import { aSession } from '../../support/builders/builders.ts';

// The notifier with real servers and a folder, as the kubelet mounts the Secret.

let folder: string;
let notifier: Notifier | undefined;
const servers: Server[] = [];
const warnings: string[] = [];
let metrics = createMetrics();
/** Moves the clock by which settings grow old. */
let aheadMs = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'notifier-'));
  writeFileSync(join(folder, 'hmac-key'), '0123456789abcdef');
  metrics = createMetrics();
  aheadMs = 0;
  warnings.length = 0;
});

afterEach(async () => {
  await notifier?.stop(0);
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true });
});

interface Receiver {
  url: string;
  /** Resolves with the sessions that it was told of, once there are so many. */
  told(count: number): Promise<string[]>;
}

/** A server that answers with this code, or never. */
async function receiver(code: number | 'never' = 200): Promise<Receiver> {
  const names: string[] = [];
  let wake = (): void => {};
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      names.push((JSON.parse(body) as { data: { session: string } }).data.session);
      if (code !== 'never') response.writeHead(code).end();
      wake();
    });
  });
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const told = async (count: number): Promise<string[]> => {
    while (names.length < count) await new Promise<void>((more) => (wake = more));
    return [...names];
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, told };
}

function name(...receivers: Receiver[]): void {
  writeFileSync(join(folder, 'urls'), receivers.map(({ url }) => `${url}\n`).join(''));
}

async function open(): Promise<Notifier> {
  notifier = await Notifier.open({
    folder,
    userAgent: 'debugsession/test',
    logger: { ...silentLogger, warn: (fields, message) => warnings.push(`${message} ${JSON.stringify(fields)}`) },
    onResult: (result) => metrics.notice(result),
    clock: { ...systemClock, monotonic: () => systemClock.monotonic() + aheadMs },
  });
  return notifier;
}

/** The step in which the run of a session started. */
function started(session: string): Parameters<Notifier['done']> {
  const event = { type: 'Normal' as const, reason: 'Started', action: 'Start', note: 'runs', key: '01-11-Started' };
  const step: Plan = { effect: { kind: 'none' }, events: [event] };
  return [aSession({}, { metadata: { name: session, uid: session } }), step];
}

const counted = async (): Promise<string[]> =>
  (await metrics.expose()).body.split('\n').filter((line) => line.startsWith('debugsession_notices_total{'));

it('the notifier tells each receiver, and none of them waits for one that never answers', async () => {
  const [silent, quick] = [await receiver('never'), await receiver()];
  name(silent, quick);
  const sending = await open();
  for (const session of ['one', 'two', 'three']) sending.done(...started(session));
  expect(await quick.told(3)).toEqual(['one', 'two', 'three']);
  expect(await silent.told(1)).toEqual(['one']);
});

it('the metric of notices counts what was delivered and what was refused', async () => {
  const [fine, strict] = [await receiver(), await receiver(403)];
  name(fine, strict);
  const sending = await open();
  sending.done(...started('one'));
  await Promise.all([fine.told(1), strict.told(1)]);
  await sending.stop(60_000);
  expect((await counted()).toSorted()).toEqual([
    'debugsession_notices_total{result="delivered"} 1',
    'debugsession_notices_total{result="refused"} 1',
  ]);
});

it('the notifier tells the receivers of a Secret that has changed, and the others nothing more', async () => {
  const [old, fresh] = [await receiver(), await receiver()];
  name(old);
  const sending = await open();
  sending.done(...started('one'));
  await old.told(1);
  name(fresh);
  aheadMs += 60_000;
  sending.done(...started('two'));
  expect(await fresh.told(1)).toEqual(['two']);
  expect(await old.told(1)).toEqual(['one']);
});

it('the notifier goes on as before, and warns, when the Secret becomes wrong', async () => {
  const receiving = await receiver();
  name(receiving);
  const sending = await open();
  writeFileSync(join(folder, 'urls'), 'ftp://the-secret.example/\n');
  aheadMs += 60_000;
  sending.done(...started('one'));
  expect(await receiving.told(1)).toEqual(['one']);
  expect(warnings).toEqual([expect.stringMatching(/^the Secret of --notify-path cannot be used .*urls, line 1: /)]);
  expect(warnings.join()).not.toContain('the-secret');
});

it('the notifier does not open when the Secret is wrong', async () => {
  name();
  await expect(open()).rejects.toThrow('has no URL: write one a line');
});
