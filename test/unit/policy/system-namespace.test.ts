import { expect, it } from '@jest/globals';
import { isSystemNamespace } from '../../../src/policy/system-namespace.ts';

it.each<[string, string | undefined, boolean]>([
  ['kube-system', undefined, true],
  ['kube-node-lease', 'debugsession-system', true],
  ['debugsession-system', 'debugsession-system', true],
  ['debugsession-system', undefined, false],
  ['shop', 'debugsession-system', false],
  ['my-kube-', undefined, false],
  ['kube', undefined, false],
])(
  'namespace %s beside an operator in %s: a policy has to open it as a system namespace: %s',
  (name, own, isSystem) => {
    expect(isSystemNamespace(name, own)).toBe(isSystem);
  },
);
