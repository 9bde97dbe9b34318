import { oneLine } from '../../text/one-line.ts';
import type { Desk } from '../desk.ts';
import { Fault } from '../fault.ts';
import { removeSession } from '../remove-session.ts';
import { findSession } from '../sessions.ts';
import { type AddVerb, deskOf, refuseCommand } from '../verb.ts';

/** Deletes sessions, and their record with them; what runs is ended first. @returns the exit code @throws Fault */
export async function rm(desk: Desk, names: readonly string[]): Promise<number> {
  const faults: string[] = [];
  for (const name of names) {
    try {
      const session = await findSession(desk.kubectl, name);
      desk.progress.wait(`Deleting session ${name}; what runs is ended first`);
      await removeSession(desk, session.metadata);
      desk.progress.done();
      desk.stderr.write(`Session ${oneLine(name)} is deleted, and its record with it.\n`);
    } catch (error) {
      desk.progress.done();
      if (!(error instanceof Fault)) throw error;
      faults.push(...error.lines);
    }
  }
  if (faults.length > 0) throw new Fault(faults);
  return 0;
}

export const addRm: AddVerb = (root, invocation) => {
  root
    .command('rm')
    .description('delete sessions, and their record with them; what runs is ended first')
    .argument('<SESSION...>', 'names of the sessions')
    .action(async (names: string[]) => {
      refuseCommand('rm', invocation);
      invocation.done(await rm(deskOf(root, invocation), names));
    });
};
