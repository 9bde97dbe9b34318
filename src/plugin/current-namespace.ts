import { DNS_LABEL } from '../api/names.ts';
import { oneLine } from '../text/one-line.ts';
import { UsageFault } from './fault.ts';
import type { Answer, Kubectl } from './kubectl.ts';

/**
 * The namespace that kubectl takes: as the flag says, else as the context does, else `default`.
 * @param given value of `--namespace`
 * @throws UsageFault where that is no name of a namespace
 */
export async function currentNamespace(kubectl: Kubectl, given: string | undefined): Promise<string> {
  if (given !== undefined) {
    return namespaceName('--namespace', given);
  }
  const answer = await contextNamespace(kubectl);
  // Without a kubeconfig there is no context to look into.
  const named = answer.kind === 'done' ? answer.stdout.trim() : '';
  return DNS_LABEL.test(named) ? named : 'default';
}

/**
 * The namespace that kubectl takes, as far as that is known without asking the cluster. Undefined: kubectl has to say
 * it, by what it answers or by its words on what is wrong.
 */
export async function knownNamespace(kubectl: Kubectl): Promise<string | undefined> {
  const given = kubectl.givenNamespace;
  if (given !== undefined) return DNS_LABEL.test(given) ? given : undefined;
  const answer = await contextNamespace(kubectl);
  if (answer.kind === 'refused') return undefined;
  const named = answer.stdout.trim();
  if (named === '') return kubectl.isInPod ? undefined : 'default';
  return DNS_LABEL.test(named) ? named : undefined;
}

/** The namespace that the context names, if any. Refused where there is no such context. */
function contextNamespace(kubectl: Kubectl): Promise<Answer> {
  return kubectl.call(['config', 'view', '--minify', '--output=jsonpath={.contexts[0].context.namespace}']);
}

/**
 * The value of a flag that names a namespace: it becomes a part of a path.
 * @throws UsageFault where that is no name of a namespace
 */
export function namespaceName(flag: string, given: string): string {
  if (!DNS_LABEL.test(given)) throw new UsageFault(`${flag} must be the name of a namespace, not ${quoted(given)}`);
  return given;
}

function quoted(text: string): string {
  return JSON.stringify(oneLine(text, 150));
}
