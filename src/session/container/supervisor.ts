import { SUPERVISOR_SCRIPT } from './supervisor-script.ts';

/** The words that the supervisor leaves as the container's termination message: what it did, so that no exit code has to be guessed at. */
export const DEADLINE = 'Deadline';
/** Its end was asked for from outside (stop-script.ts), and it, or who asked, has ended the command. */
export const STOPPED = 'Stopped';
/** It was started after `startBy`, or after the last moment, and ran nothing. */
export const TOO_LATE = 'TooLate';
/** The first word of the command is no program of the image. */
export const COMMAND_NOT_FOUND = 'CommandNotFound';
/** The image has no working `sleep`, or /proc cannot be read: nothing could end the command in time, so it was not run. */
export const UNSUPPORTED = 'Unsupported';

export interface Supervision {
  /** How long the command may run, in seconds, from the supervisor's own start. */
  ttlSeconds: number;
  /** No start after it, in ms since the epoch, on the node's clock. */
  startBy: number;
  /** The command has ended by then whatever the ttl says, in ms since the epoch. */
  lastMoment: number;
  tty: boolean;
  /** The user's words. They are passed on as they are: the kubelet expands `$(NAME)` in them as it would without a supervisor. */
  command: readonly string[];
}

/**
 * The `command` of a container that runs the user's command under the supervisor: an sh script that refuses a late start, ends the command at
 * its deadline, on SIGTERM and with its own exit status otherwise. Wants `sh` (dash, bash, busybox) and `sleep` in the image.
 */
export function supervisedCommand({ ttlSeconds, startBy, lastMoment, tty, command }: Supervision): string[] {
  const numbers = [ttlSeconds, Math.floor(startBy / 1000), Math.floor(lastMoment / 1000), tty ? 1 : 0];
  return ['sh', '-c', forKubelet(SUPERVISOR_SCRIPT), 'supervisor', ...numbers.map(String), ...command];
}

/** The kubelet turns `$$` into `$` and replaces `$(NAME)` in commands, arguments and values of variables: our own text must come through as it is. */
function forKubelet(text: string): string {
  return text.replaceAll('$', () => '$$');
}
