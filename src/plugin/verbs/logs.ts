import { InvalidArgumentError } from 'commander';
import { containerFlags } from '../attach.ts';
import type { Desk } from '../desk.ts';
import { noLogFault, runOf } from '../run-of.ts';
import { findSession } from '../sessions.ts';
import { type AddVerb, deskOf, refuseCommand } from '../verb.ts';

export interface LogsOptions {
  follow?: boolean;
  attempt?: number;
  tail?: string;
  timestamps?: boolean;
}

/** Prints what the container of an attempt has shown, while its pod lives. @returns the exit code @throws Fault */
export async function logs(desk: Desk, name: string, options: LogsOptions): Promise<number> {
  const session = await findSession(desk.kubectl, name);
  const run = runOf(session, options.attempt);
  const { follow, tail, timestamps } = options;
  const { refusal } = await desk.kubectl.copy(
    [
      'logs',
      ...containerFlags(session, run),
      ...(follow === true ? ['--follow'] : []),
      ...(tail === undefined ? [] : [`--tail=${tail}`]),
      ...(timestamps === true ? ['--timestamps'] : []),
    ],
    desk.stdout,
  );
  if (refusal !== undefined) throw noLogFault(session, run, refusal);
  return 0;
}

/** A whole number from 1. @throws InvalidArgumentError */
export function wholeNumber(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1.');
  return Number(text);
}

export const addLogs: AddVerb = (root, invocation) => {
  root
    .command('logs')
    .description('print the output of a session, while its pod exists')
    .argument('<SESSION>', 'name of the session')
    .option('-f, --follow', 'go on while it runs')
    .option('--attempt <NUMBER>', 'of this attempt (default: the newest)', wholeNumber)
    .option('--tail <LINES>', 'the last lines only')
    .option('--timestamps', 'with the time of each line')
    .action(async (name: string, options: LogsOptions) => {
      refuseCommand('logs', invocation);
      invocation.done(await logs(deskOf(root, invocation), name, options));
    });
};
