import type { Attacher } from '../../api/debugsession.ts';

/** Somebody else who may come in, such as `user olga` or `serviceaccount tools/agent`. Not made printable. */
export function attacherWords({ kind, name, namespace }: Attacher): string {
  return `${kind.toLowerCase()} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}
