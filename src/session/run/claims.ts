import { parseDuration } from '../../api/duration.ts';
import type { Run } from '../../api/debugsession.ts';
import type { Terminated } from '../../api/pod.ts';
import { fromTimestamp } from '../../api/time.ts';
import { oneLine } from '../../text/one-line.ts';
import { BUILT_IN } from '../container/effective.ts';
import {
  COMMAND_FOREIGN,
  COMMAND_IS_BUILTIN,
  COMMAND_IS_DIRECTORY,
  COMMAND_NOT_EXECUTABLE,
  COMMAND_NOT_FOUND,
  DEADLINE,
  EXITED,
  BEGAN,
  STOPPED,
  TOO_LATE,
  UNSUPPORTED,
  VARIABLES_UNSUPPORTED,
} from '../container/supervisor.ts';

// The termination message comes from inside the container: whoever is in there, or in a process namespace with it, can
// write it. So each word is a claim. It counts only where the kubelet's own times and exit code allow what it says, and
// never says that a run which has started did not run (docs/adr/0024).

/** Of what was said from inside, in characters. The kubelet keeps 4096 bytes of one container. */
const SAID_MAX = 256;

/** The kubelet's reasons for an end whose message is the runtime's, or its own. */
const NOT_FROM_INSIDE = ['StartError', 'ContainerCannotRun', 'ContainerStatusUnknown'];

/** What the container left as its termination message, in one line; undefined where it left none. */
export function saidFromInside({ reason = '', message = '' }: Terminated): string | undefined {
  const said = NOT_FROM_INSIDE.includes(reason) ? '' : oneLine(message, SAID_MAX);
  return said === '' ? undefined : said;
}

/** Whether it says that somebody asked it to end. Both the supervisor and the stop script leave that word. */
export function saysStopped({ message }: Terminated): boolean {
  return message?.trim() === STOPPED;
}

/** HUP, INT, KILL and TERM, as a shell has them: what the watchdog and the stop script send. */
const SIGNALLED = [129, 130, 137, 143];

/** Whether it ended of a signal that we could have sent. A command may return these codes by itself. */
export function wasSignalled({ exitCode }: Terminated): boolean {
  return SIGNALLED.includes(exitCode);
}

/** A refusal takes the supervisor less than a second. The kubelet's times are whole seconds, and a node may be slow. */
const AT_ONCE_MS = 3_000;

/** The words of a supervisor that has run nothing, with the exit codes of each. */
const REFUSALS = {
  [TOO_LATE]: [125],
  [COMMAND_NOT_FOUND]: [127],
  [COMMAND_IS_BUILTIN]: [127],
  [COMMAND_IS_DIRECTORY]: [127],
  [COMMAND_NOT_EXECUTABLE]: [127],
  [COMMAND_FOREIGN]: [2, 126, 127],
  [UNSUPPORTED]: [125],
  [VARIABLES_UNSUPPORTED]: [125],
} as const;
export type Refusal = keyof typeof REFUSALS;

/**
 * The refusal that a supervisor says, where the container ended at once and with its exit code. `TooLate` also has to
 * be true by the kubelet's clock. A command that takes three seconds at most can still forge the others.
 */
export function refusal(run: Run, terminated: Terminated): Refusal | undefined {
  const word = supervisorWord(run, terminated);
  const said = (Object.keys(REFUSALS) as Refusal[]).find((known) => known === word);
  const codes: readonly number[] = said === undefined ? [] : REFUSALS[said];
  if (said === undefined || !endedAtOnce(terminated) || !codes.includes(terminated.exitCode)) return undefined;
  return said !== TOO_LATE || startedAfter(terminated, run.startBy) ? said : undefined;
}

/**
 * Whether the container ended at once, and its supervisor has left no word: it never began. Every supervisor leaves one
 * before its command runs. A command of three seconds at most can still empty the log.
 */
export function neverBegan(run: Run, terminated: Terminated): boolean {
  return supervisorWord(run, terminated) === '' && endedAtOnce(terminated);
}

/** Whether its supervisor says no more than that the command was to begin: the container was ended from outside. */
export function saysBegan(run: Run, terminated: Terminated): boolean {
  return supervisorWord(run, terminated) === BEGAN;
}

/** Whether its supervisor says that the command ended, and that nobody had asked the container to. */
export function saysExited(run: Run, terminated: Terminated): boolean {
  return supervisorWord(run, terminated) === EXITED;
}

function endedAtOnce(terminated: Terminated): boolean {
  const lived = livedMs(terminated);
  return lived !== undefined && lived <= AT_ONCE_MS;
}

function startedAfter({ startedAt }: Terminated, moment: string | undefined): boolean {
  return (fromTimestamp(startedAt) ?? 0) > (fromTimestamp(moment) ?? Infinity);
}

/** How much shorter than its ttl a life may seem: each of the kubelet's times is cut to whole seconds. */
const EARLY_MS = 2_000;
/** What a watchdog may take after the ttl: INT, HUP, TERM, KILL, and a nap of 5 s on a machine that was suspended. */
const LATE_MS = 10_000;

/** Which ttl was over, and after how many ms, if not at about its time. */
export interface TimeOver {
  ttl: string;
  lateMs?: number;
}

/**
 * The supervisor's word for the end of its ttl, where the container lived that long by the kubelet's times. Around the
 * ttl any exit code will do, since commands may handle the signals. Later only that of a signal: a ttl that was lowered
 * ends a container at once, whenever that is. One that is being told (`wantedTtl`) may have reached it unheard.
 */
export function timeOver(run: Run, terminated: Terminated): TimeOver | undefined {
  const lived = livedMs(terminated);
  if (supervisorWord(run, terminated) !== DEADLINE || lived === undefined) return undefined;
  const known = run.effective?.ttl ?? BUILT_IN.ttl;
  const over = [...new Set([known, run.wantedTtl ?? known])]
    .map((ttl) => ({ ttl, lateMs: lived - parseDuration(ttl) }))
    .filter(({ lateMs }) => lateMs >= -EARLY_MS)
    .sort((one, other) => one.lateMs - other.lateMs)[0];
  if (over === undefined) return undefined;
  if (over.lateMs <= LATE_MS || over.ttl === run.wantedTtl) return { ttl: over.ttl };
  return wasSignalled(terminated) ? over : undefined;
}

function supervisorWord(run: Run, terminated: Terminated): string | undefined {
  return run.effective?.supervisor === 'Shell' ? (terminated.message ?? '').trim() : undefined;
}

/** By the kubelet's own times, which are whole seconds; undefined where it has none. */
function livedMs({ startedAt, finishedAt }: Terminated): number | undefined {
  const [started, finished] = [fromTimestamp(startedAt), fromTimestamp(finishedAt)];
  return started === undefined || finished === undefined ? undefined : finished - started;
}
