import { Option } from 'commander';
import { DEFAULT_POLICY } from '../../api/debugpolicy.ts';
import type { Desk } from '../desk.ts';
import { printObjects } from '../print-objects.ts';
import { type AddVerb, deskOf, refuseCommand } from '../verb.ts';
import { policyWords } from '../words/policy.ts';

/**
 * Says which policies the person may use in this namespace, and what each allows.
 * @returns the exit code
 * @throws Fault
 */
export async function policies(
  desk: Desk,
  { all, output }: { all?: boolean; output?: 'json' | 'yaml' },
): Promise<number> {
  const { kubectl, stdout, stderr } = desk;
  const { gatherFacts, mayUse } = await import('../judge.ts');
  const facts = await gatherFacts(kubectl, { metadata: {}, spec: {} });
  if (facts.unread !== undefined) {
    const may = await mayUse(kubectl, DEFAULT_POLICY, undefined);
    stderr.write(
      `note: you may not read policies, so what they allow is not shown: kubectl dbg can-i asks about one session\n`,
    );
    if (may) stdout.write(`${DEFAULT_POLICY}: you may use it here\n`);
    return 0;
  }
  const judged = await Promise.all(
    facts.policies.map(async (policy) => ({ policy, isMine: await mayUse(kubectl, policy.metadata.name, undefined) })),
  );
  const shown = judged.filter(({ isMine }) => isMine || all === true);
  if (output !== undefined) {
    await printObjects(
      stdout,
      shown.map(({ policy }) => policy),
      output,
    );
    return 0;
  }
  if (shown.length === 0)
    stderr.write('You may not use any policy in this namespace: ask its administrator (--all shows all policies)\n');
  for (const { policy, isMine } of shown) {
    const builtIn = policy.metadata.uid === '' ? ' (built in)' : '';
    const lines = [
      `${policy.metadata.name}${builtIn}: you may ${isMine ? '' : 'not '}use it here`,
      ...policyWords(policy.spec),
    ];
    stdout.write(lines.map((line) => `${line}\n`).join(''));
  }
  return 0;
}

export const addPolicies: AddVerb = (root, invocation) => {
  root
    .command('policies')
    .description('say which policies you may use in this namespace, and what each allows')
    .option('--all', 'those too that you may not use')
    .addOption(new Option('-o, --output <FORMAT>', 'for programs').choices(['json', 'yaml']))
    .action(async (options: { all?: boolean; output?: 'json' | 'yaml' }) => {
      refuseCommand('policies', invocation);
      invocation.done(await policies(deskOf(root, invocation), options));
    });
};
