import { decide, type DecideOptions } from '../approve/decide.ts';
import { type AddVerb, deskOf, refuseCommand } from '../verb.ts';

export const addDeny: AddVerb = (root, invocation) => {
  root
    .command('deny')
    .description('deny a session of somebody else: its attempt never starts, whoever approves')
    .argument('<SESSION>', 'name of the session')
    .option('-r, --reason <TEXT>', 'why; the requester reads it')
    .option('-y, --yes', 'do not ask before')
    .action(async (name: string, options: DecideOptions) => {
      refuseCommand('deny', invocation);
      invocation.done(await decide(deskOf(root, invocation), name, { ...options, decision: 'Deny' }));
    });
};
