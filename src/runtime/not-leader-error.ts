/**
 * Somebody else may be the leader by now: what was to be written was not sent, or the term is over. No fault of the
 * world, and nothing to try again within this term.
 */
export class NotLeaderError extends Error {
  override readonly name = 'NotLeaderError';
}
