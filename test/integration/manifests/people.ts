import { type CreateCase, wrong } from './table.ts';

/** Who asks and who may come in, as nobody can be named. */
export const PEOPLE: CreateCase[] = [
  wrong(
    'an attacher of another kind',
    { attachers: [{ kind: 'Role', name: 'x' }] },
    'spec.attachers[0].kind: Unsupported value: "Role": supported values: "User", "Group", "ServiceAccount"',
  ),
  ...Object.entries({
    '\\x1b[31mdevs': '\u001b[31mdevs',
    'devs\\nroot': 'devs\nroot',
    'de\\u202evs': 'de\u202evs',
  }).map(([shown, name]) =>
    wrong(
      'an attacher whose name is not what it looks like',
      { attachers: [{ kind: 'Group', name }] },
      `spec.attachers[0].name: Invalid value: "${shown}": must not hold control characters, nor marks that turn the reading direction`,
    ),
  ),
  ...['../kube-system', 'kube-system:x', ' a'].map((namespace) =>
    wrong(
      'an attacher of no namespace',
      { attachers: [{ kind: 'ServiceAccount', name: 'x', namespace }] },
      `spec.attachers[0].namespace: Invalid value: "${namespace}": must be the name of a namespace such as shop: lower case letters, digits and '-'`,
    ),
  ),
  wrong('an attacher without a name', { attachers: [{ kind: 'User' }] }, 'spec.attachers[0].name: Required value'),
  wrong(
    'a group of a namespace',
    { attachers: [{ kind: 'Group', name: 'devs', namespace: 'shop' }] },
    'spec.attachers[0].namespace: Invalid value: only a ServiceAccount has a namespace',
  ),
  wrong(
    'too many attachers',
    { attachers: Array.from({ length: 21 }, (_, i) => ({ kind: 'User', name: `u${i}` })) },
    'spec.attachers: Too many: 21: must have at most 20 items',
  ),
  wrong('nobody who asks', { requestedBy: {} }, 'spec.requestedBy.username: Required value'),
  wrong(
    'an empty name of who asks',
    { requestedBy: { username: '' } },
    'spec.requestedBy.username in body should be at least 1 chars long',
  ),
  wrong(
    'more of who asks than there is',
    { requestedBy: { username: 'dana', email: 'dana@example.com' } },
    'unknown field "spec.requestedBy.email"',
  ),
];
