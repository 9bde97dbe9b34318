import { ApiError } from './api-error.ts';

/**
 * The subprotocols of exec and attach that carry a Status, so that an exit code comes back
 * (k8s.io/apimachinery/pkg/util/remotecommand). v5 (KEP-4006) adds closing a stream to v4. The first byte of a message
 * is the channel.
 */
export const channelProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

export const STDIN = 0;
export const STDOUT = 1;
export const STDERR = 2;
/** The last word: a meta/v1 Status. */
export const ERROR = 3;

/** How a stream says that it is over. */
export type LastWord =
  { kind: 'success' } | { kind: 'exitCode'; exitCode: number } | { kind: 'failure'; error: ApiError };

/** Reads the Status of the channel ERROR. What cannot be read is a failure with its text as the message. */
export function readLastWord(text: string): LastWord {
  const status = parse(text);
  if (status?.status === 'Success') return { kind: 'success' };
  const error = status
    ? ApiError.fromStatus(status)
    : new ApiError({ code: 500, reason: '', message: text.slice(0, 500) });
  const exitCode = Number(error.details.causes.find(({ reason }) => reason === 'ExitCode')?.message);
  if (error.reason === 'NonZeroExitCode' && Number.isInteger(exitCode)) return { kind: 'exitCode', exitCode };
  return { kind: 'failure', error };
}

function parse(text: string): { status?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
