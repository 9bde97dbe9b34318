/** What is known of the admission policy that says who asks. */
export type Authority =
  /** It is bound as this operator knows it, unchanged since then (ms since the epoch). */
  | { kind: 'inForce'; since: number }
  /** It is not there, is another, or does not refuse. */
  | { kind: 'missing'; message: string }
  /** It could not be read (yet). */
  | { kind: 'unread'; message: string }
  /** `--insecure-no-identity`: nobody is asked who they are. */
  | { kind: 'waived' };

/** Nobody has looked. */
export const UNREAD: Authority = { kind: 'unread', message: 'the admission policy has not been read yet' };
