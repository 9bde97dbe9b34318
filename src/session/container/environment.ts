import type { DebugSessionSpec } from '../../api/debugsession.ts';
import type { EnvFromSource, EnvVar } from '../../api/ephemeral-container.ts';

/**
 * Put before the name of each variable that the requester set, under a supervisor. No loader and no shell reads a name
 * that begins so. The supervisor takes it off again for the command alone (command-environment.ts; docs/adr/0022).
 */
export const SET_PREFIX = 'DEBUGSESSION_ENV_';

/**
 * Carries the supervisor's script (docs/adr/0035). Only the operator sets it: every name of the requester has the
 * prefix, and Kubernetes' own names end in `_PORT` or `_HOST`. The command does not get it.
 */
export const SUPERVISOR_VARIABLE = 'DEBUGSESSION_SUPERVISOR';

export interface RequestedEnvironment {
  env: EnvVar[];
  envFrom: EnvFromSource[];
  /** The command and its arguments. */
  words: string[];
}

/**
 * The same variables and words, with the prefix before each name and in each `$(NAME)` that means one of them. The
 * kubelet then does with them what it would have done with the others: a later variable wins, `env` wins over
 * `envFrom`, and a value refers to those before it.
 *
 * Which keys `envFrom` brings is not known here. With it, every `$(NAME)` gets the prefix, and the supervisor takes it
 * off what the kubelet left.
 */
export function setApart({ env = [], envFrom = [] }: DebugSessionSpec, words: readonly string[]): RequestedEnvironment {
  const known = new Set<string>();
  const apart = (text: string): string =>
    // `$$` is an escaped `$`, and no beginning of a reference (kubernetes third_party/forked/golang/expansion).
    text.replaceAll(/\$\$|\$\(([^)]*)\)/g, (found, name: string | undefined) =>
      name !== undefined && (envFrom.length > 0 || known.has(name)) ? `$(${SET_PREFIX}${name})` : found,
    );
  const variables = env.map((variable) => {
    const { name, value } = variable;
    const renamed = { ...variable, name: SET_PREFIX + name, ...(value !== undefined && { value: apart(value) }) };
    known.add(name);
    return renamed;
  });
  return {
    env: variables,
    envFrom: envFrom.map((source) => ({ ...source, prefix: SET_PREFIX + (source.prefix ?? '') })),
    words: words.map(apart),
  };
}
