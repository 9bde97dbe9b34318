import { oneLine } from '../text/one-line.ts';

/** Also true of an error that another realm made: under Jest all of Node's own errors are such. */
export function isError(thrown: unknown): thrown is Error {
  return Error.isError(thrown);
}

/** The words of anything that was thrown, never empty. */
export function errorMessage(error: unknown): string {
  if (!isError(error)) return oneLine(String(error)) || 'an empty error';
  // Node's connection attempts to several addresses fail as an AggregateError without a message.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return oneLine(error.message || (isError(first) ? first.message : '')) || error.name;
}
