import { pool } from '../../bench/rig/pool.ts';
import { API_VERSION, KIND } from '../../src/api/debugsession.ts';
import { sessionsPath } from '../../src/reconcile/session-api.ts';
import { busyboxImage } from '../cluster/image-names.ts';
import type { Scene } from './lives.ts';

/** Each leaves an event. The operator remembers the last 1,000 (src/runtime/event-recorder.ts). */
const SESSIONS = 1_000;
const AT_ONCE = 30;

/**
 * Fills the operator's memory of its events, which is bounded: at ten sessions a minute it would grow towards its bound
 * for more than half an hour, and that growth is no leak. These sessions are cancelled before they begin.
 */
export async function fillMemory(scene: Scene): Promise<void> {
  const { client, namespace, sessions } = scene;
  await pool(SESSIONS, AT_ONCE, async (index) => {
    const name = `fill-${index}`;
    const spec = { target: { podName: scene.hostPod }, image: busyboxImage, cancel: true, ttlAfterFinished: '0s' };
    await client.create(sessionsPath(namespace), { apiVersion: API_VERSION, kind: KIND, metadata: { name }, spec });
    await sessions.until(name, 'is there', (session) => session !== undefined);
    await sessions.until(name, 'goes', (session) => session === undefined);
  });
}
