/**
 * What the kubelet makes of a word of `command` or `args` (kubernetes third_party/forked/golang/expansion): `$$` is `$`, `$(NAME)` the value of
 * a variable that is defined, and everything else stays as it is.
 */
export function expandLikeKubelet(word: string, env: Record<string, string> = {}): string {
  return word.replaceAll(/\$\$|\$\(([^)]*)\)/g, (found, name: string | undefined) => {
    if (name === undefined) return '$';
    return Object.hasOwn(env, name) ? (env[name] ?? '') : found;
  });
}
