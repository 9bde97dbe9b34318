import { reconcile, session, type Mutant } from './mutant.ts';

/** Bugs in what policies allow, limit and revoke. */
export const POLICY_MUTANTS: readonly Mutant[] = [
  session(
    'plan-run',
    'a right that is withdrawn does not count',
    'if (denied !== undefined) return refuse(denied.reason, denied.message);',
    '',
  ),
  session('plan-run', 'a limited pod is injected into unseen', 'judgesPod(rules?.policy) ?', 'false ?'),
  session('plan-run', 'a policy revokes nothing', "? 'Revoked' : undefined", '? undefined : undefined'),
  session(
    'permission',
    'what cannot be read revokes',
    "if (policy.kind === 'unread' || namespace.unread !== undefined) return false;",
    '',
  ),
  session(
    'permission',
    'the spec counts for what runs, not the record',
    '{ image = session.spec.image, allowances = [] } = run',
    '{ image, allowances } = { image: session.spec.image, allowances: [] }',
  ),
  session(
    'permission',
    'every policy lets pods be evicted',
    '|| mayEvict(rules)) return session;',
    '|| true) return session;',
  ),
  session('plan-ttl', 'a ttl beyond the longest counts', 'isLonger(wanted, max) ?', 'false ?'),
  session('limits', 'those who asked before are passed over', '  seat(tally, line);\n', ''),
  session(
    'limits',
    'whom no cache shows yet is not counted',
    '...uncountedIn(pod, self, { known, isOver: crowd.isOver })',
    '',
  ),
  reconcile(
    'places',
    'an intent takes no place before it is written',
    'this.#claims.set(keyOf(session), placeOf(session, run));',
    '',
  ),
  reconcile('places', 'nobody is woken when a place becomes free', 'this.#options.wake(waiter.key)', 'void waiter'),
];
