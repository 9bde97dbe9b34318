import type { EnvVar } from '../../api/ephemeral-container.ts';
import { SUPERVISOR_VARIABLE } from './environment.ts';
import { onOneLine } from './on-one-line.ts';
import { SUPERVISOR_SCRIPT } from './supervisor-script.ts';

/**
 * The words that the supervisor leaves as the container's termination message: what it did, so that no exit code has to
 * be guessed at.
 */
export const DEADLINE = 'Deadline';
/** Its end was asked for from outside (stop-script.ts), and it, or who asked, has ended the command. */
export const STOPPED = 'Stopped';
/** Its checks are done, and the command is about to run: what is left of a container that was killed from outside. */
export const BEGAN = 'Began';
/** The command has ended, and nobody had asked the container to. */
export const EXITED = 'Exited';
/** It was started after `startBy`, or after the last moment, and ran nothing. */
export const TOO_LATE = 'TooLate';
/** No file of the image has the name of the command. */
export const COMMAND_NOT_FOUND = 'CommandNotFound';
/** Only the shell knows the command: it is no file. */
export const COMMAND_IS_BUILTIN = 'CommandIsBuiltin';
export const COMMAND_IS_DIRECTORY = 'CommandIsDirectory';
/** It may not be executed, or the interpreter that its first line names is not there. */
export const COMMAND_NOT_EXECUTABLE = 'CommandNotExecutable';
/** Its file is made for another processor than `sh`, and it ended as a program does that was not executed. */
export const COMMAND_FOREIGN = 'CommandForeign';
/**
 * The image has no working `sleep`, or /proc cannot be read: nothing could end the command in time, so it was not run.
 */
export const UNSUPPORTED = 'Unsupported';
/**
 * The image has no `env` or no `tr`, and the requester has set variables: the command would not get them as they are.
 */
export const VARIABLES_UNSUPPORTED = 'VariablesUnsupported';

export interface Supervision {
  /** How long the command may run, in seconds, from the supervisor's own start. */
  ttlSeconds: number;
  /** No start after it, in ms since the epoch, on the node's clock. */
  startBy: number;
  /** The command has ended by then whatever the ttl says, in ms since the epoch. */
  lastMoment: number;
  tty: boolean;
  /**
   * The user's words. They are passed on as they are: the kubelet expands `$(NAME)` in them as it would without a
   * supervisor.
   */
  command: readonly string[];
}

/**
 * The `command` of a container that runs the user's command under the supervisor: an sh script that refuses a late
 * start, ends the command at its deadline, on SIGTERM and with its own exit status otherwise. Wants `sh` (dash, bash,
 * busybox, ksh93, mksh, posh, yash, zsh) and `sleep` in the image, and SUPERVISOR_ENV in the container's environment.
 */
export function supervisedCommand({ ttlSeconds, startBy, lastMoment, tty, command }: Supervision): string[] {
  const numbers = [ttlSeconds, Math.floor(startBy / 1000), Math.floor(lastMoment / 1000), tty ? 1 : 0];
  return ['sh', '-c', `eval "$${SUPERVISOR_VARIABLE}"`, 'supervisor', ...numbers.map(String), ...command];
}

/**
 * The script, as a variable: `ps` then shows one short line for each process of the supervisor, and not 4 KB; on one
 * line, so that `kubectl describe pod` shows it on one (docs/adr/0035).
 */
export const SUPERVISOR_ENV: EnvVar = { name: SUPERVISOR_VARIABLE, value: forKubelet(onOneLine(SUPERVISOR_SCRIPT)) };

/**
 * The kubelet turns `$$` into `$` and replaces `$(NAME)` in commands, arguments and values of variables: our own text
 * must come through as it is.
 */
function forKubelet(text: string): string {
  return text.replaceAll('$', () => '$$');
}
