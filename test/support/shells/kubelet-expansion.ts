import type { EnvFromSource, EnvVar } from '../../../src/api/ephemeral-container.ts';

/**
 * What the kubelet makes of a word of `command` or `args` (kubernetes third_party/forked/golang/expansion): `$$` is
 * `$`, `$(NAME)` the value of a variable that is defined, and everything else stays as it is.
 */
export function expandLikeKubelet(word: string, env: Record<string, string> = {}): string {
  return word.replaceAll(/\$\$|\$\(([^)]*)\)/g, (found, name: string | undefined) => {
    if (name === undefined) return '$';
    return Object.hasOwn(env, name) ? (env[name] ?? '') : found;
  });
}

/**
 * The variables that the kubelet makes of `env` and `envFrom` (kubelet, makeEnvironmentVariables): `env` wins over
 * `envFrom`, what comes later over what came before, and a value refers to what is there before it, or to what
 * Kubernetes sets itself.
 * @param data of each source of `envFrom`
 */
export function environmentLikeKubelet(
  { env, envFrom }: { env: readonly EnvVar[]; envFrom: readonly EnvFromSource[] },
  data: readonly Record<string, string>[] = [],
  services: Record<string, string> = {},
): Record<string, string> {
  const made: Record<string, string> = {};
  envFrom.forEach(({ prefix = '' }, index) => {
    for (const [key, value] of Object.entries(data[index] ?? {})) made[prefix + key] = value;
  });
  for (const { name, value = '' } of env) made[name] = expandLikeKubelet(value, { ...services, ...made });
  return made;
}
