import type { Command } from 'commander';
import { CONNECTION_FLAGS, type ConnectionValues } from './connection-flags.ts';
import type { Desk } from './desk.ts';
import { UsageFault } from './fault.ts';

/** What the command line is worked on with. */
export interface Invocation {
  /** Makes what the verb works with, once the connection flags are known. */
  desk(connection: ConnectionValues): Desk;
  /** What stands behind `--`; undefined without it. */
  command: readonly string[] | undefined;
  /** Takes the exit code of the verb. */
  done(exitCode: number): void;
}

/** Adds a verb to the program. */
export type AddVerb = (root: Command, invocation: Invocation) => void;

/** The desk of a verb, with the connection flags wherever they stood. */
export function deskOf(root: Command, invocation: Invocation): Desk {
  const values = root.opts<Record<string, string | true | string[]>>();
  const byLongName = CONNECTION_FLAGS.flatMap(({ long }) => {
    const name = long.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const value = values[name];
    return value === undefined ? [] : [[long, value] as const];
  });
  return invocation.desk(Object.fromEntries(byLongName));
}

/** @throws UsageFault where a command stands behind `--`, and the verb has no use for it */
export function refuseCommand(verb: string, { command }: Invocation): void {
  if (command !== undefined) throw new UsageFault(`${verb} takes no command: leave out -- and the words after it`);
}

/** Collects the values of a flag that may be given several times. */
export function repeated(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
