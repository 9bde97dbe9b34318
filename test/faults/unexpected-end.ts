import { setTimeout as delay } from 'node:timers/promises';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { TERMINAL_PHASES } from '../../src/api/reasons.ts';
import { sessionsPath } from '../../src/reconcile/session-api.ts';
import type { Stage } from '../support/cluster/stage.ts';
import { patient } from '../support/patience.ts';

const LOOK_EVERY_MS = 500;
/** How long a session has to be over: a scenario that waits for this end hears of it within that time. */
const OVER_MS = 10_000;

/**
 * Rejects when a session of the stage is over and stays so: the operator has let go of it, and nothing more comes. A
 * scenario that still waits then waits for another end. Without this a broken operator costs minutes for each fault.
 */
export async function unexpectedEnd(stage: Stage, signal: AbortSignal): Promise<never> {
  for (let since = Date.now(); ;) {
    await delay(LOOK_EVERY_MS, undefined, { signal });
    const over = (await sessionsOf(stage)).find(isOver);
    if (over === undefined) since = Date.now();
    else if (Date.now() - since > patient(OVER_MS)) throw new Error(`the session came to another end: ${words(over)}`);
  }
}

/** None while the API server is away. */
async function sessionsOf({ client, namespace }: Stage): Promise<DebugSession[]> {
  return client.list<{ items: DebugSession[] }>(sessionsPath(namespace)).then(
    ({ items }) => items,
    () => [],
  );
}

function isOver({ metadata, spec, status }: DebugSession): boolean {
  const isLast = (status?.attempt ?? 0) === (spec.attempt ?? 1);
  return isLast && TERMINAL_PHASES.includes(status?.phase ?? 'Pending') && (metadata.finalizers ?? []).length === 0;
}

function words({ status }: DebugSession): string {
  const { reason, message } = status?.runs?.at(-1) ?? {};
  return `${status?.phase}, ${reason}: ${message}`;
}
