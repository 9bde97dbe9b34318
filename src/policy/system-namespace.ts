/**
 * Whether a namespace is one that a policy has to open with `SystemNamespaces`: Kubernetes' own, or the operator's.
 * @param own the operator's; undefined where it runs outside of the cluster
 */
export function isSystemNamespace(name: string, own: string | undefined): boolean {
  return name.startsWith('kube-') || name === own;
}
