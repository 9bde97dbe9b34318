import type { Readable, Writable } from 'node:stream';
import type { Kubectl } from './kubectl.ts';
import type { Progress } from './progress.ts';

/** What a verb works with: everything that comes from outside is an argument. */
export interface Desk {
  kubectl: Kubectl;
  stdin: Readable & { isTTY?: boolean };
  stdout: Writable & { isTTY?: boolean; columns?: number };
  stderr: Writable & { isTTY?: boolean; columns?: number };
  progress: Progress;
  /** Calls `handler` at each Ctrl-C instead of ending the program. @returns what takes it back */
  onInterrupt(handler: () => void): () => void;
  /** Milliseconds since the epoch. */
  now(): number;
  /** From 0 to 1. */
  random(): number;
}

/** A session at a place. */
export interface SessionKey {
  namespace: string;
  name: string;
}
