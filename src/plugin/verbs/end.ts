import { InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../api/duration.ts';
import { findCondition } from '../../api/conditions.ts';
import type { DebugSession } from '../../api/debugsession.ts';
import { oneLine } from '../../text/one-line.ts';
import { changeSession } from '../change-session.ts';
import type { Desk } from '../desk.ts';
import { Fault } from '../fault.ts';
import { Follower } from '../follower.ts';
import { INTERRUPTED } from '../see-through.ts';
import { findSession } from '../sessions.ts';
import { type AddVerb, deskOf, refuseCommand } from '../verb.ts';
import { endingWords } from '../words/ending.ts';
import { standingOf } from '../words/standing.ts';

const PATIENCE = '60s';

/**
 * Ends a session, and waits until it is certain that nothing of it runs.
 * @param patienceMs how long to wait for that
 * @returns 0 when it is certain; 1 with what is not, else
 * @throws Fault with the words of the server
 */
export async function end(desk: Desk, name: string, patienceMs: number): Promise<number> {
  const session = await findSession(desk.kubectl, name);
  if (hasEnded(desk, session)) {
    desk.progress.say('The session was over before.');
    for (const line of endingWords(session).lines) desk.stderr.write(`${line}\n`);
    return 0;
  }
  const isOver = standingOf(session, desk.now()).kind === 'over';
  // One that is over, and not certainly, has been asked to end before.
  const changed = isOver ? session : await changeSession(desk.kubectl, session.metadata, { cancel: true });
  return untilEnded(desk, changed, patienceMs);
}

async function untilEnded(desk: Desk, session: DebugSession, patienceMs: number): Promise<number> {
  const { progress } = desk;
  const follower = new Follower(desk.kubectl, session);
  const interrupted = new AbortController();
  const takeBack = desk.onInterrupt(() => interrupted.abort());
  try {
    const signal = AbortSignal.any([interrupted.signal, AbortSignal.timeout(patienceMs)]);
    const last = await follower.until((now) => {
      const standing = standingOf(now, desk.now());
      progress.wait('words' in standing ? standing.words : `Ending: ${notCertain(now)}`);
      return hasEnded(desk, now);
    }, signal);
    progress.done();
    if (interrupted.signal.aborted) return INTERRUPTED;
    if (last === undefined) throw new Fault('the session was deleted meanwhile, and its record with it');
    if (!hasEnded(desk, last)) {
      throw new Fault(
        `session ${last.metadata.name} was asked to end, and it is not certain that it has: ${notCertain(last)}`,
      );
    }
    for (const line of endingWords(last).lines) desk.stderr.write(`${line}\n`);
    return 0;
  } finally {
    progress.done();
    takeBack();
    follower.close();
  }
}

function hasEnded(desk: Desk, session: DebugSession): boolean {
  const confirmed = findCondition(session.status?.conditions, 'StopConfirmed');
  return standingOf(session, desk.now()).kind === 'over' && confirmed?.status === 'True';
}

function notCertain({ status }: DebugSession): string {
  const said = findCondition(status?.conditions, 'StopConfirmed')?.message;
  return oneLine(said ?? 'the operator has not reported it yet', 500);
}

/** Milliseconds of a duration of a flag. @throws InvalidArgumentError */
export function durationFlag(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new InvalidArgumentError('It must be a duration such as 45s, 30m or 1h30m.');
  }
}

export const addEnd: AddVerb = (root, invocation) => {
  root
    .command('end')
    .description('end a session, and wait until it is certain that nothing of it runs; the record stays')
    .argument('<SESSION>', 'name of the session')
    .addOption(
      new Option('--timeout <TIME>', 'how long to wait for that')
        .argParser(durationFlag)
        .default(parseDuration(PATIENCE), PATIENCE),
    )
    .action(async (name: string, { timeout }: { timeout: number }) => {
      refuseCommand('end', invocation);
      invocation.done(await end(deskOf(root, invocation), name, timeout));
    });
};
