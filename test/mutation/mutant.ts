/** A bug that somebody could make: `from` stands exactly once in the file. */
export interface Mutant {
  name: string;
  file: string;
  from: string;
  to: string;
}

/** One in src/api. */
export const api = (file: string, name: string, from: string, to: string): Mutant => ({
  name,
  file: `src/api/${file}.ts`,
  from,
  to,
});

/** One in src/session; the file with its room. */
export const session = (file: string, name: string, from: string, to: string): Mutant => ({
  name,
  file: `src/session/${file}.ts`,
  from,
  to,
});

/** One in src/reconcile. */
export const reconcile = (file: string, name: string, from: string, to: string): Mutant => ({
  name,
  file: `src/reconcile/${file}.ts`,
  from,
  to,
});

/** One in src/runtime. */
export const runtime = (file: string, name: string, from: string, to: string): Mutant => ({
  name,
  file: `src/runtime/${file}.ts`,
  from,
  to,
});
