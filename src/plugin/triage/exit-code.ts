import type { Terminated } from '../../api/pod.ts';

/** Signals of Linux by their number (signal(7)), and what it usually is when a program dies of one. */
const SIGNALS: Readonly<Record<number, readonly [name: string, means: string]>> = {
  1: ['SIGHUP', 'its terminal or its parent went away'],
  2: ['SIGINT', 'somebody interrupted it'],
  3: ['SIGQUIT', 'somebody asked it to quit'],
  4: ['SIGILL', 'the processor does not know an instruction of the program'],
  5: ['SIGTRAP', 'the program hit a trap or a failed check'],
  6: ['SIGABRT', 'the program gave up by itself: a failed assertion, or no more memory in its runtime'],
  7: ['SIGBUS', 'the program used memory that is not there'],
  8: ['SIGFPE', 'the program divided by zero or the like'],
  9: ['SIGKILL', 'something killed it: the kernel, the kubelet after the grace period, or another process'],
  11: ['SIGSEGV', 'the program used memory that is not its own: a fault in the program or a library'],
  13: ['SIGPIPE', 'the program wrote to a pipe that nobody reads'],
  15: ['SIGTERM', 'it was asked to end: the kubelet does so at a deletion and after a failed liveness probe'],
};

const CODES: Readonly<Record<number, string>> = {
  0: 'the program ended by itself without an error',
  1: 'the program reports an error of its own',
  2: 'the program reports an error of its own, such as wrong arguments or a panic of Go',
  126: 'the command was found and is not executable',
  127: 'the command was not found',
  128: 'the container runtime could not start the command',
};

/** What an exit code says, without a full stop, such as `SIGKILL: something killed it`. */
export function exitCodeWords({ exitCode, reason }: Pick<Terminated, 'exitCode' | 'reason'>): string {
  if (reason === 'OOMKilled') return 'the kernel killed it because its memory was used up';
  if (reason === 'ContainerStatusUnknown') return 'the node lost the container and does not know how it ended';
  const known = CODES[exitCode];
  if (known !== undefined) return known;
  // A shell and the runtime report a signal as 128 and its number.
  const signal = SIGNALS[exitCode - 128];
  if (signal !== undefined) return `${signal[0]}: ${signal[1]}`;
  if (exitCode > 128 && exitCode <= 128 + 64) return `signal ${exitCode - 128} ended the program`;
  return 'the program chose this code: its documentation or its log says why';
}
