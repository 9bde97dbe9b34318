import { setTimeout as delay } from 'node:timers/promises';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { sessionsPath } from '../../src/reconcile/session-api.ts';
import { debug, isRunning } from './live-sessions.ts';
import { pool } from './pool.ts';
import type { Rig } from './rig.ts';
import { isOver } from './session-body.ts';
import type { Stand } from './stand.ts';

/** A session that has come and gone, as the operator leaves it. */
export async function oneOver(rig: Rig, stand: Stand, pods: readonly string[]): Promise<DebugSession> {
  await debug(rig, stand, { prefix: 'record', pods, sessions: 1 });
  const { object } = await stand.sessions.until('record-0', isRunning);
  stand.kubelet.end(object);
  return (await stand.sessions.until('record-0', isOver)).object;
}

/**
 * Sessions that are over, as many months would leave them: copies of one with other names. No operator may run: it
 * would serve them before they look as if they were over.
 */
export async function store(
  rig: Rig,
  stand: Stand,
  record: DebugSession,
  { from, to }: { from: number; to: number },
): Promise<void> {
  await pool(to - from, 32, async (index) => {
    const name = `stored-${from + index}`;
    const { metadata } = await rig.createSession(stand.namespace, name, record.spec);
    const text = JSON.stringify(record.status)
      .replaceAll(record.metadata.name, name)
      .replaceAll(record.metadata.uid, metadata.uid)
      .replaceAll(record.metadata.uid.slice(0, 8), metadata.uid.slice(0, 8));
    const path = `${sessionsPath(stand.namespace)}/${name}/status`;
    await rig.client.patch(path, { status: JSON.parse(text) as object }, { type: 'merge' });
  });
  // The watch comes a moment later, and what it has not brought yet would look like a change of the operator's.
  while (stand.sessions.list().filter((one) => isStored(one) && isOver(one)).length < to) await delay(200);
}

/** Whether `store` has made it. */
export function isStored({ metadata }: DebugSession): boolean {
  return metadata.name.startsWith('stored-');
}
