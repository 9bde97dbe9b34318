import type { NamedText } from '../../cli/policy-check.ts';
import { readInput, sourceName } from '../../cli/read-input.ts';
import { namespaceName } from '../current-namespace.ts';
import type { Desk } from '../desk.ts';
import { UsageFault } from '../fault.ts';
import { type AddVerb, deskOf, refuseCommand } from '../verb.ts';

/**
 * Judges the sessions in files by the policies in them, without a cluster.
 * @param namespace of what says none
 * @returns 0 where every session is allowed, 1 where one is not or cannot be judged @throws UsageFault where the files
 * cannot be used
 */
export async function check(desk: Desk, files: readonly string[], namespace: string): Promise<number> {
  namespaceName('--namespace', namespace);
  if (files.filter((file) => file === '-').length > 1) throw new UsageFault('- can be read only once');
  const texts: NamedText[] = [];
  for (const file of files) {
    const input = await readInput(file);
    if (input.kind === 'unreadable') throw new UsageFault(input.fault);
    texts.push({ source: sourceName(file), text: input.text });
  }
  const { checkPolicies } = await import('../../cli/policy-check.ts');
  const { ownSchemas } = await import('../schemas.ts');
  const report = checkPolicies(texts, { schemas: ownSchemas(), namespace });
  if (report.kind === 'unusable') throw new UsageFault(report.faults);
  desk.stdout.write(report.lines.map((line) => `${line}\n`).join(''));
  if (report.notJudged !== '') desk.stderr.write(`not judged: ${report.notJudged}\n`);
  return report.refused + report.withoutPolicy > 0 ? 1 : 0;
}

export const addCheck: AddVerb = (root, invocation) => {
  root
    .command('check')
    .description('judge the sessions in files by the policies in them, without a cluster')
    .argument(
      '<FILE...>',
      'YAML or JSON, - is standard input: DebugPolicies, DebugSessions, and the Pods and Namespaces that they are about',
    )
    .action(async (files: string[]) => {
      refuseCommand('check', invocation);
      const { namespace } = root.opts<{ namespace?: string }>();
      invocation.done(await check(deskOf(root, invocation), files, namespace ?? 'default'));
    });
};
