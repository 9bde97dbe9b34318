/** A secret or config map that the kubelet has not found, such as `secret tls`, and what to do about it. */
export function missingObject(message: string): { what: string; todo: string[] } | undefined {
  const [, kind, name] = /\b(secret|configmap) "([^"]+)" not found/i.exec(message) ?? [];
  if (kind === undefined) return undefined;
  const what = `${kind.toLowerCase()} ${name}`;
  return { what, todo: [`Create ${what}, or correct its name in the pod. The kubelet tries again by itself.`] };
}
