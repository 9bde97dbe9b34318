import { Option } from 'commander';
import type { Desk } from '../desk.ts';
import { UsageFault } from '../fault.ts';
import { printObject } from '../print-objects.ts';
import { readTarget } from '../target-reference.ts';
import { findings } from '../triage/findings.ts';
import { gather } from '../triage/gather.ts';
import { report, type Told } from '../triage/report.ts';
import { type AddVerb, deskOf, refuseCommand } from '../verb.ts';
import { widthOf } from '../width-of.ts';

export interface TriageOptions {
  output?: 'json';
  /** The verbs of `kubectl dbg`: a pod may have the name of one. */
  verbs: readonly string[];
}

/**
 * Says what is wrong with a pod or workload by what the cluster says of it, and which session would help. Changes
 * nothing. @returns the exit code @throws Fault where it cannot be looked at
 */
export async function triage(desk: Desk, text: string, { output, verbs }: TriageOptions): Promise<number> {
  const { kubectl, stdout } = desk;
  const reference = readTarget(text);
  if (reference.kind === 'fault') throw new UsageFault(reference.fault);
  const { suggest } = await import('../triage/suggest.ts');
  const { facts, unread, choice } = await gather(kubectl, reference.target, desk.now());
  const found = findings(facts);
  const suggestion = await suggest(kubectl, facts, { found, verbs });
  const told: Told = { facts, found, suggestion, unread, ...(choice !== undefined && { choice }) };
  if (output !== undefined) {
    await printObject(stdout, forPrograms(told), output);
    return 0;
  }
  const width = widthOf(stdout);
  stdout.write(
    report(told, width)
      .map((line) => `${line}\n`)
      .join(''),
  );
  return 0;
}

/** The same for programs. `suggestion.command` and the texts of the cluster are as they are. */
function forPrograms({ facts, found, suggestion, unread }: Told): { kind: string; metadata: { name?: string } } {
  const { pod, namespace, workloads, events, logs } = facts;
  const triaged = {
    kind: 'Triage',
    metadata: { ...(pod && { name: pod.metadata.name, uid: pod.metadata.uid }), namespace },
    workloads: workloads.map(({ kind, metadata: { name } }) => ({ kind, name })),
    ...(pod && { status: pod.status }),
    findings: found,
    logs,
    events: events.map(({ at, ...event }) => ({
      ...event,
      ...(at !== undefined && { at: new Date(at).toISOString() }),
    })),
    suggestion,
    unread,
  };
  return triaged;
}

export const addTriage: AddVerb = (root, invocation) => {
  root
    .command('triage')
    .description('say what is wrong with a pod before any container is added, and which session would help')
    .argument('<POD | TYPE/NAME>', 'pod to look at, or workload: then its pod with the most to tell')
    .addOption(new Option('-o, --output <FORMAT>', 'for programs').choices(['json']))
    .action(async (target: string, options: { output?: 'json' }) => {
      refuseCommand('triage', invocation);
      const verbs = root.commands.flatMap((verb) => [verb.name(), ...verb.aliases()]);
      invocation.done(await triage(deskOf(root, invocation), target, { ...options, verbs }));
    });
};
