import { Option } from 'commander';
import type { ReportOptions } from '../report/make-report.ts';
import { type AddVerb, deskOf, refuseCommand } from '../verb.ts';

/** Says who was in what, when, why, for how long, and how it ended. */
export const addReport: AddVerb = (root, invocation) => {
  root
    .command('report')
    .description('say who was in what, when, why, for how long, and how it ended')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('--since <TIME>', 'attempts that were not over then: an age such as 30d, a date or a time')
    .option('--until <TIME>', 'attempts that were requested until then (default: now)')
    .option('--requester <NAME>', 'of this user only')
    .addOption(new Option('-o, --output <FORMAT>', 'format').choices(['table', 'csv', 'json', 'html']).default('table'))
    .action(async (options: ReportOptions) => {
      refuseCommand('report', invocation);
      // What judges a run is loaded by this verb alone: every other starts without it.
      const { report } = await import('../report/make-report.ts');
      const { namespace } = root.opts<{ namespace?: string }>();
      invocation.done(await report(deskOf(root, invocation), options, namespace));
    });
};
