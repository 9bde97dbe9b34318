import type { DebugSession, Run } from '../api/debugsession.ts';
import { askYes } from './ask.ts';
import { copyOutput, visit } from './attach.ts';
import { changeSession } from './change-session.ts';
import type { Desk } from './desk.ts';
import { Fault } from './fault.ts';
import { Follower } from './follower.ts';
import { clockTime } from './words/clock-time.ts';
import { endingWords } from './words/ending.ts';
import { newestRun, standingOf } from './words/standing.ts';

/** A Ctrl-C ended it, as a shell says it. */
export const INTERRUPTED = 130;

export interface SeeOptions {
  /** Its record is kept once it is over, so it is said where that is. Absent: true. */
  isKept?: boolean;
  /** The person did not start it: Ctrl-C leaves it, and never cancels it. Absent: false. */
  isVisit?: boolean | undefined;
  /** Told of the session once it is over and that was said. */
  onOver?: (session: DebugSession) => Promise<void>;
}

/**
 * Sees an attempt of a session through: waits until it runs, gives its terminal or its output to the person, and says
 * how it ended.
 * @returns the exit code of its command; 1 where it did not run; 0 where the person left and it goes on
 */
export async function seeThrough(desk: Desk, session: DebugSession, options: SeeOptions = {}): Promise<number> {
  const { progress } = desk;
  const follower = new Follower(desk.kubectl, session, (words) =>
    progress.wait(`The API server does not answer (${words}): trying again`),
  );
  try {
    const run = await untilRunning(desk, follower, options);
    if (run !== undefined) {
      const isLeft = await takePart(desk, follower, { run, ...options });
      if (isLeft) return 0;
    }
    return await untilOver(desk, follower, options);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    if (follower.latest !== undefined) progress.say(leftLine(follower.latest));
    return INTERRUPTED;
  } finally {
    progress.done();
    follower.close();
  }
}

/** The person does not wait any longer. */
class Interrupted extends Error {}

/** The run, once its container runs or has run; undefined when it never does. */
async function untilRunning(desk: Desk, follower: Follower, { isVisit }: SeeOptions): Promise<Run | undefined> {
  let interrupts = 0;
  let wakeUp = new AbortController();
  const takeBack = desk.onInterrupt(() => {
    interrupts += 1;
    wakeUp.abort();
  });
  try {
    for (;;) {
      const seen = await follower.until((now) => isUnderWay(desk, now), wakeUp.signal);
      if (seen === undefined || isUnderWay(desk, seen)) break;
      wakeUp = new AbortController();
      if (interrupts > 1 || isVisit === true) throw new Interrupted();
      if (!(await wantsToCancel(desk))) interrupts = 0;
      else await cancel(desk, follower);
    }
  } finally {
    takeBack();
  }
  const run = follower.latest === undefined ? undefined : newestRun(follower.latest);
  return run?.startedAt === undefined ? undefined : run;
}

/** Shows where it stands. @returns whether there is nothing to wait for any more */
function isUnderWay(desk: Desk, session: DebugSession): boolean {
  const standing = standingOf(session, desk.now());
  if (standing.kind === 'running' || standing.kind === 'over') return true;
  desk.progress.wait(standing.words);
  return false;
}

async function wantsToCancel(desk: Desk): Promise<boolean> {
  if (desk.stdin.isTTY !== true || desk.stderr.isTTY !== true) return true;
  desk.progress.done();
  return askYes(desk, 'It does not run yet. Cancel it?');
}

async function cancel(desk: Desk, follower: Follower): Promise<void> {
  const session = follower.latest;
  if (session === undefined) return;
  follower.take(await changeSession(desk.kubectl, session.metadata, { cancel: true }));
}

/** @returns whether the person left a session that goes on */
async function takePart(desk: Desk, follower: Follower, { run, isVisit }: SeeOptions & { run: Run }): Promise<boolean> {
  const session = follower.latest;
  if (session === undefined) return false;
  const { metadata } = session;
  const isTerminal = run.effective?.stdin === true;
  desk.progress.done();
  if (!isTerminal) {
    await withInterrupt(desk, follower, { isVisit, act: () => copyOutput(desk, follower, run) });
    return false;
  }
  if (standingOf(session, desk.now()).kind !== 'running') return false;
  if (run.effective?.tty === true && desk.stdin.isTTY !== true) {
    throw new Fault(
      `session ${metadata.name} runs and has a terminal, and standard input is none: kubectl dbg attach ${metadata.name} -n ${metadata.namespace}`,
    );
  }
  for (const line of runningLines(session, run)) desk.progress.say(line);
  if ((await visit(desk, follower, run)) === 'ended') return false;
  desk.progress.say(leftLine(follower.latest ?? session));
  return true;
}

/**
 * A command without a terminal ends with the Ctrl-C of who started it, as it would on this machine; the second waits no
 * longer.
 */
async function withInterrupt(
  desk: Desk,
  follower: Follower,
  { isVisit, act }: SeeOptions & { act: () => Promise<void> },
): Promise<void> {
  let interrupts = 0;
  const { promise: givenUp, reject: give } = Promise.withResolvers<never>();
  const takeBack = desk.onInterrupt(() => {
    interrupts += 1;
    if (interrupts > 1 || isVisit === true) give(new Interrupted());
    else {
      desk.progress.say('Cancelling the session; Ctrl-C again does not wait for its end.');
      cancel(desk, follower).catch(give);
    }
  });
  try {
    await Promise.race([act(), givenUp]);
  } finally {
    takeBack();
  }
}

async function untilOver(desk: Desk, follower: Follower, options: SeeOptions): Promise<number> {
  const { progress } = desk;
  const { promise: givenUp, reject: give } = Promise.withResolvers<never>();
  const takeBack = desk.onInterrupt(() => give(new Interrupted()));
  try {
    const over = await Promise.race([
      follower.until((now) => {
        const standing = standingOf(now, desk.now());
        if (standing.kind !== 'over')
          progress.wait(standing.kind === 'running' ? 'Waiting for the end' : standing.words);
        return standing.kind === 'over';
      }),
      givenUp,
    ]);
    progress.done();
    if (over === undefined) {
      progress.say('The session was deleted meanwhile, and its record with it.');
      return 1;
    }
    const { lines, exitCode } = endingWords(over, options);
    for (const line of lines) desk.stderr.write(`${line}\n`);
    await options.onOver?.(over);
    return exitCode;
  } finally {
    takeBack();
  }
}

/** What a person should know before the first prompt. */
function runningLines({ metadata }: DebugSession, run: Run): string[] {
  const until = run.expiresAt === undefined ? '' : ` until ${clockTime(run.expiresAt)}`;
  const keys = 'Enter shows a prompt, exit ends it, Ctrl-P Ctrl-Q leaves it running.';
  return [
    `Session ${metadata.name} runs in pod ${run.podName}${until}. ${run.effective?.tty === true ? keys : ''}`,
    'All that is shown is kept in the log of its container, passwords too.',
  ];
}

function leftLine({ metadata, status }: DebugSession): string {
  const at = `${metadata.name} -n ${metadata.namespace}`;
  const until = status?.expiresAt === undefined ? '' : ` until ${clockTime(status.expiresAt)}`;
  return `Session ${metadata.name} goes on${until}: kubectl dbg attach ${at}, or kubectl dbg end ${at}`;
}
