import { setTimeout as delay } from 'node:timers/promises';
import type { DebugSession, Run } from '../api/debugsession.ts';
import type { Desk } from './desk.ts';
import { Fault } from './fault.ts';
import type { Follower } from './follower.ts';
import { standingOf } from './words/standing.ts';

/** How a visit ended: the session is over, or about to be; or the person left and it goes on. */
export type Visit = 'ended' | 'left';

/**
 * After kubectl attach has ended well, the kubelet's report of the end may take so long. Else the person left by the
 * detach keys.
 */
const REPORT_MS = 4_000;
/** After a broken connection: the first wait, doubled up to the last. */
const RETRY_MS = { first: 250, last: 5_000 };

/** Where the container of a run is, as flags of kubectl. */
export function containerFlags({ metadata }: DebugSession, run: Run): string[] {
  return [run.podName ?? '', `--namespace=${metadata.namespace}`, `--container=${run.debugContainerName ?? ''}`];
}

/**
 * Gives the terminal to the container of the run, and attaches again for as long as the session lives when the
 * connection breaks.
 * @throws Fault when the person may not attach
 */
export async function visit(desk: Desk, follower: Follower, run: Run): Promise<Visit> {
  const session = follower.latest;
  if (session === undefined) return 'ended';
  const where = containerFlags(session, run);
  const { stdin = true, tty = true } = run.effective ?? {};
  const args = ['attach', ...where, '--quiet', ...(stdin ? ['--stdin'] : []), ...(tty ? ['--tty'] : [])];
  let wait = RETRY_MS.first;
  for (;;) {
    const begin = desk.now();
    const { code, refusal } = await desk.progress.mutedDuring(() => desk.kubectl.hand(args));
    if (await isOver(desk, follower, code === 0 ? REPORT_MS : wait)) return 'ended';
    if (code === 0) return 'left';
    if (refusal.kind === 'Forbidden') throw new Fault(refusal.lines);
    desk.progress.say('The connection broke: attaching again. Press Enter for the prompt.');
    wait = desk.now() - begin > RETRY_MS.last ? RETRY_MS.first : Math.min(wait * 2, RETRY_MS.last);
  }
}

/** Whether the session stops running within this time. */
async function isOver(desk: Desk, follower: Follower, patienceMs: number): Promise<boolean> {
  const seen = await follower.until(
    (now) => standingOf(now, desk.now()).kind !== 'running',
    AbortSignal.timeout(patienceMs),
  );
  return seen === undefined || standingOf(seen, desk.now()).kind !== 'running';
}

/**
 * Copies the output of a run's container to standard output until it has ended: all of it, through broken connections
 * too.
 * @throws Fault when the person may not read logs
 */
export async function copyOutput(desk: Desk, follower: Follower, run: Run): Promise<void> {
  const session = follower.latest;
  if (session === undefined) return;
  const logs = ['logs', ...containerFlags(session, run)];
  let copied = 0;
  let wait = RETRY_MS.first;
  for (;;) {
    const { bytes, refusal } = await desk.kubectl.copy([...logs, '--follow'], desk.stdout, copied);
    copied = Math.max(copied, bytes);
    if (refusal?.kind === 'Forbidden') throw new Fault(refusal.lines);
    if (await isOver(desk, follower, refusal === undefined ? REPORT_MS : wait)) break;
    wait = Math.min(wait * 2, RETRY_MS.last);
    if (refusal !== undefined) await delay(wait);
  }
  // A log that is followed may end before its last lines were read.
  await follower.until((now) => standingOf(now, desk.now()).kind === 'over');
  await desk.kubectl.copy(logs, desk.stdout, copied);
}
