import { reconcile, session, type Mutant } from './mutant.ts';

/** Bugs in what policies allow, limit and revoke. */
export const POLICY_MUTANTS: readonly Mutant[] = [
  session(
    'plan/plan-run',
    'a right that is withdrawn does not count',
    'if (denied !== undefined) return refuse(denied.reason, denied.message);',
    '',
  ),
  session('plan/plan-run', 'a limited pod is injected into unseen', 'judgesPod(rules?.policy) ?', 'false ?'),
  session('plan/plan-run', 'a policy revokes nothing', "? 'Revoked' : undefined", '? undefined : undefined'),
  session(
    'start/permission',
    'what cannot be read revokes',
    "if (policy.kind === 'unread' || namespace.unread !== undefined) return false;",
    '',
  ),
  session(
    'start/permission',
    'the spec counts for what runs, not the record',
    '{ image = session.spec.image, allowances = [] } = run',
    '{ image, allowances } = { image: session.spec.image, allowances: [] }',
  ),
  session(
    'start/permission',
    'every policy lets pods be evicted',
    '|| mayEvict(rules)) return session;',
    '|| true) return session;',
  ),
  session('stop/change-ttl', 'a ttl beyond the longest counts', 'isLonger(wanted, max) ?', 'false ?'),
  session('start/limits', 'those who asked before are passed over', '  seat(tally, line);\n', ''),
  session(
    'start/limits',
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
