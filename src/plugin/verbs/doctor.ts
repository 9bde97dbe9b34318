import { Option } from 'commander';
import { VERSION } from '../../version.ts';
import { currentNamespace, namespaceName } from '../current-namespace.ts';
import type { Desk } from '../desk.ts';
import type { Check } from '../doctor/check.ts';
import { Fault } from '../fault.ts';
import { type AddVerb, deskOf, refuseCommand } from '../verb.ts';

export interface DoctorOptions {
  operatorNamespace?: string;
  output?: 'json';
}

/**
 * Says how DebugSession stands in this cluster and namespace: one line a check, with the way out.
 * @param namespace as the flag says it
 * @returns 0 where nothing is broken, else 1
 * @throws Fault where there is no cluster to look at
 */
export async function doctor(desk: Desk, options: DoctorOptions, namespace: string | undefined): Promise<number> {
  const { kubectl, stdout } = desk;
  // The other verbs start without them.
  const [{ gatherFacts }, { examine }, { operatorQuestions }, { ownManifests }, { ownSchemas }] = await Promise.all([
    import('../doctor/gather-facts.ts'),
    import('../doctor/examine.ts'),
    import('../doctor/rights.ts'),
    import('../doctor/manifest.ts'),
    import('../schemas.ts'),
  ]);
  const manifests = ownManifests();
  const own = ownSchemas();
  const { operatorNamespace } = options;
  const facts = await gatherFacts(kubectl, {
    namespace: await currentNamespace(kubectl, namespace),
    operatorNamespace: operatorNamespace && namespaceName('--operator-namespace', operatorNamespace),
    questions: operatorQuestions(manifests),
    now: () => desk.now(),
  });
  if (facts.version.kind === 'failed') throw new Fault(facts.version.lines);
  const checks = examine(facts, {
    version: VERSION,
    manifests,
    schemas: { DebugSession: own.session, DebugPolicy: own.policy },
  });
  const isBroken = checks.some(({ state }) => state === 'broken');
  if (options.output === 'json') {
    const shown = { namespace: facts.namespace, operatorNamespace: facts.operatorNamespace, isBroken, checks };
    stdout.write(`${JSON.stringify(shown, undefined, 4)}\n`);
  } else stdout.write(checkLines(checks));
  return isBroken ? 1 : 0;
}

/** The checks for people; the way out stands below its check. */
export function checkLines(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks
    .flatMap(({ name, state, words, wayOut }) => [
      `${state.padEnd(8)} ${name.padEnd(width)}  ${words}`,
      ...(wayOut === undefined ? [] : [`${' '.repeat(9 + width)}  -> ${wayOut}`]),
    ])
    .map((line) => `${line}\n`)
    .join('');
}

export const addDoctor: AddVerb = (root, invocation) => {
  root
    .command('doctor')
    .description('say how DebugSession stands in this cluster and namespace, and what to do about it')
    .option('--operator-namespace <NAME>', 'where the operator runs (default: it is looked for)')
    .addOption(new Option('-o, --output <FORMAT>', 'for programs').choices(['json']))
    .action(async (options: DoctorOptions) => {
      refuseCommand('doctor', invocation);
      const { namespace } = root.opts<{ namespace?: string }>();
      invocation.done(await doctor(deskOf(root, invocation), options, namespace));
    });
};
