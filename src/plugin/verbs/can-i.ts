import type { Command } from 'commander';
import { DEFAULT_POLICY } from '../../api/debugpolicy.ts';
import type { DebugSession } from '../../api/debugsession.ts';
import { manifestOf, type StartOptions } from '../compose.ts';
import { askFor, STRICT } from '../create-session.ts';
import type { Desk } from '../desk.ts';
import { Fault } from '../fault.ts';
import type { Judged } from '../judge.ts';
import { deniedReasons } from '../refusal-words.ts';
import { addSessionFlags, startOptions } from '../start-flags.ts';
import { type AddVerb, deskOf } from '../verb.ts';

/**
 * Says whether a session would be let in, with every reason if not: the API server is asked (a dry run), and the policy
 * is judged as the operator does it. Nothing is made. @returns 0 where nothing speaks against it, else 1 @throws Fault
 */
export async function canI(desk: Desk, options: StartOptions): Promise<number> {
  const { kubectl, stdout, stderr } = desk;
  const { gatherFacts, judge, otherPolicies, placed } = await import('../judge.ts');
  const { manifest } = await manifestOf(desk, options);
  const admitted = await dryRun(desk, manifest);
  const session: Judged = 'faults' in admitted ? await placed(kubectl, manifest) : admitted.session;
  const facts = await gatherFacts(kubectl, session);
  const policy = session.spec.policyName ?? DEFAULT_POLICY;
  const verdict = judge(session, policy, facts);
  const isMissing = verdict.kind === 'unknown' && facts.unread === undefined;
  const faults = 'faults' in admitted ? admitted.faults : [];
  // The API server knows the policy too, but not the pod.
  const denied = deniedReasons(faults);
  const reasons = [
    ...(denied === undefined ? faults : []),
    ...(verdict.kind === 'refused' ? verdict.reasons : []),
    ...(denied ?? []),
    ...(isMissing ? [`There is no DebugPolicy ${policy}: the session would wait for it`] : []),
  ];
  if (verdict.kind !== 'unknown' && verdict.open !== '')
    stderr.write(`note: not judged: ${openQuestions(verdict.open)}\n`);
  if (reasons.length === 0) {
    stdout.write(verdict.kind === 'unknown' ? onlyAdmitted(policy) : `yes, by DebugPolicy ${policy}\n`);
    return 0;
  }
  stdout.write(['no', ...new Set(reasons)].map((line, index) => `${index === 0 ? '' : '  '}${line}\n`).join(''));
  for (const name of await otherPolicies(kubectl, session, facts)) {
    stdout.write(`DebugPolicy ${name} allows it, and you may use it: add --policy ${name}\n`);
  }
  return 1;
}

function onlyAdmitted(policy: string): string {
  return `the API server accepts it; DebugPolicy ${policy} is not checked, because you may not read policies\n`;
}

/** The API server has just been asked who may use the policy. */
function openQuestions(text: string): string {
  return text.replace(/^who may use the policy; /, '');
}

async function dryRun(
  { kubectl }: Desk,
  manifest: Judged,
): Promise<{ session: DebugSession } | { faults: readonly string[] }> {
  try {
    const session = await askFor(kubectl, ({ requestedBy }) =>
      kubectl.call(['create', STRICT, '--dry-run=server', '--output=json'], {
        manifest: { ...manifest, spec: { ...manifest.spec, ...(requestedBy && { requestedBy }) } },
        isWrite: true,
      }),
    );
    return { session };
  } catch (error) {
    if (error instanceof Fault) return { faults: error.lines };
    throw error;
  }
}

export const addCanI: AddVerb = (root, invocation) => {
  const verb: Command = root
    .command('can-i')
    .description('say whether a session would be let in, with every reason if not; takes the flags of start')
    .usage('(POD | TYPE/NAME) [flags] [-- COMMAND...]');
  addSessionFlags(verb).action(async (target: string | undefined, options: Record<string, unknown>) => {
    const wanted = startOptions(target, options, invocation.command);
    invocation.done(await canI(deskOf(root, invocation), wanted));
  });
};
