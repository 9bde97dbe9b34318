import { parseDuration } from '../../api/duration.ts';
import { findCondition } from '../../api/conditions.ts';
import type { DebugSession, Run } from '../../api/debugsession.ts';
import { fromTimestamp } from '../../api/time.ts';
import { whyTtlDoesNotApply } from '../../session/status/running-message.ts';
import { oneLine } from '../../text/one-line.ts';
import { changeSession } from '../change-session.ts';
import type { Desk } from '../desk.ts';
import { Fault } from '../fault.ts';
import { Follower } from '../follower.ts';
import { findSession } from '../sessions.ts';
import { type AddVerb, deskOf, refuseCommand } from '../verb.ts';
import { clockTime } from '../words/clock-time.ts';
import { lengthOfTime } from '../words/length-of-time.ts';
import { standingOf } from '../words/standing.ts';
import { durationFlag } from './end.ts';

/** So long a container may take to hear of its new deadline. */
const PATIENCE_MS = 15_000;

/**
 * Gives a session that runs more time.
 * @param moreMs on top of what it has
 * @returns the exit code @throws Fault with why its deadline stays
 */
export async function extend(desk: Desk, name: string, moreMs: number): Promise<number> {
  const session = await findSession(desk.kubectl, name);
  const standing = standingOf(session, desk.now());
  if (standing.kind !== 'running') {
    throw new Fault(
      `session ${name} does not run (${session.status?.phase ?? 'Pending'}): only the time of one that runs can be extended`,
    );
  }
  const ttlMs = parseDuration(standing.run.effective?.ttl ?? '0s') + moreMs;
  const changed = await changeSession(desk.kubectl, session.metadata, { ttl: durationText(ttlMs) });
  const follower = new Follower(desk.kubectl, changed);
  try {
    desk.progress.wait('Telling the container');
    const isSettled = (now: DebugSession): boolean => {
      const { kind } = standingOf(now, desk.now());
      if (kind === 'waiting') return false;
      return kind !== 'running' || hasTtl(now, ttlMs) || refusalOf(now) !== undefined;
    };
    const last = await follower.until(isSettled, AbortSignal.timeout(PATIENCE_MS));
    desk.progress.done();
    if (last === undefined) throw new Fault(`session ${name} was deleted meanwhile`);
    const run = last.status?.runs?.at(-1);
    if (!hasTtl(last, ttlMs)) throw new Fault(stays(last, run));
    const left = lengthOfTime((fromTimestamp(run?.expiresAt) ?? 0) - desk.now());
    desk.stdout.write(`Session ${name} runs until ${clockTime(run?.expiresAt ?? '')}, ${left} from now.\n`);
    return 0;
  } finally {
    desk.progress.done();
    follower.close();
  }
}

function hasTtl({ status }: DebugSession, ttlMs: number): boolean {
  const run = status?.runs?.at(-1);
  return run?.wantedTtl === undefined && parseDuration(run?.effective?.ttl ?? '0s') === ttlMs;
}

/** What the operator says of a ttl that does not count for the container that runs. */
function refusalOf({ status }: DebugSession): string | undefined {
  const said = findCondition(status?.conditions, 'Running')?.message ?? '';
  const why = whyTtlDoesNotApply(said);
  return why === undefined ? undefined : oneLine(why, 500);
}

function stays(session: DebugSession, run: Run | undefined): string {
  const why =
    refusalOf(session) ??
    (session.status?.phase === 'Running' ? 'its container has not answered yet' : 'it has ended meanwhile');
  return `the end of session ${session.metadata.name} stays ${clockTime(run?.expiresAt ?? '')}: ${why}`;
}

/** A GEP-2257 duration of so many milliseconds, in whole seconds. */
export function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'm'],
    [seconds % 60, 's'],
  ] as const;
  return parts.map(([count, unit]) => (count > 0 ? `${count}${unit}` : '')).join('') || '0s';
}

export const addExtend: AddVerb = (root, invocation) => {
  root
    .command('extend')
    .description('give a running session more time, and say until when it runs now')
    .argument('<SESSION>', 'name of the session')
    .argument('<TIME>', 'how much more, such as 30m', durationFlag)
    .action(async (name: string, more: number) => {
      refuseCommand('extend', invocation);
      invocation.done(await extend(deskOf(root, invocation), name, more));
    });
};
