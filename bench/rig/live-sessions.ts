import type { DebugSession } from '../../src/api/debugsession.ts';
import { pool } from './pool.ts';
import type { Rig } from './rig.ts';
import type { Stand } from './stand.ts';

/** So many sessions that run and go on running, made and served one by one as people would; resolves when all run. */
export async function debug(
  rig: Rig,
  stand: Stand,
  { prefix, pods, sessions, from = 0 }: { prefix: string; pods: readonly string[]; sessions: number; from?: number },
): Promise<void> {
  await pool(sessions, 16, async (index) => {
    const name = `${prefix}-${from + index}`;
    const running = stand.sessions.until(name, isRunning, 120_000);
    const target = { podName: pods[(from + index) % pods.length] ?? '' };
    await rig.createSession(stand.namespace, name, { target, ttl: '3h' });
    await running;
  });
}

export function isRunning({ status }: DebugSession): boolean {
  return status?.phase === 'Running';
}
