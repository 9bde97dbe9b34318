import type { Desk } from '../desk.ts';
import { Fault } from '../fault.ts';
import { seeThrough } from '../see-through.ts';
import { findSession } from '../sessions.ts';
import { type AddVerb, deskOf, refuseCommand } from '../verb.ts';
import { standingOf } from '../words/standing.ts';

/** Comes into a session that lives, or waits for one that will. @returns the exit code, as of start @throws Fault */
export async function attach(desk: Desk, name: string): Promise<number> {
  const session = await findSession(desk.kubectl, name);
  if (standingOf(session, desk.now()).kind === 'over') {
    throw new Fault(
      `session ${name} is over (${session.status?.phase}): kubectl dbg again ${name} starts another attempt`,
    );
  }
  return seeThrough(desk, session, { isVisit: true });
}

export const addAttach: AddVerb = (root, invocation) => {
  root
    .command('attach')
    .description('attach to a session, or wait until it runs; Ctrl-C ends the wait and leaves the session as it is')
    .argument('<SESSION>', 'name of the session')
    .action(async (name: string) => {
      refuseCommand('attach', invocation);
      invocation.done(await attach(deskOf(root, invocation), name));
    });
};
