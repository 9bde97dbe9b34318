import type { Finding } from './finding-line.ts';
import type { FieldPath } from './input-documents.ts';

/** What became of one legacy container: the session's spec without its target pod, and what there is to say. */
export interface Draft {
  name: string;
  targetContainerName?: string;
  spec: Record<string, unknown>;
  /** Fields that the session does not have. */
  leftOut: Finding[];
  /** What is said differently in the session. */
  notes: Finding[];
  /** Why the container cannot be converted at all. */
  faults: Finding[];
}

/** Takes one field of the input over, leaves it out, or finds fault with it. */
export type Field = (value: unknown, path: FieldPath, draft: Draft) => void;
