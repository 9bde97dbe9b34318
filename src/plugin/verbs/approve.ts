import { Option } from 'commander';
import { decide, type DecideOptions } from '../approve/decide.ts';
import { type AddVerb, deskOf, refuseCommand } from '../verb.ts';

export const addApprove: AddVerb = (root, invocation) => {
  root
    .command('approve')
    .description('approve a session of somebody else, exactly as it is asked for now')
    .argument('<SESSION>', 'name of the session')
    .option('-r, --reason <TEXT>', 'why; the record of the session keeps it')
    .option('-y, --yes', 'do not ask before')
    .addOption(
      new Option('-o, --output <FORMAT>', 'print the approval, for Git, and create nothing').choices(['yaml', 'json']),
    )
    .action(async (name: string, options: DecideOptions) => {
      refuseCommand('approve', invocation);
      invocation.done(await decide(deskOf(root, invocation), name, { ...options, decision: 'Approve' }));
    });
};
