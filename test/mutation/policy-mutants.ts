import { reconcile, session, type Mutant } from './mutant.ts';

/** Bugs in what policies allow, limit and revoke. */
export const POLICY_MUTANTS: readonly Mutant[] = [
  session('plan/plan-run', 'a right that is withdrawn does not count', 'if (denied !== undefined) return denied;', ''),
  session('plan/plan-run', 'a limited pod is injected into unseen', 'judgesPod(rules?.policy) ?', 'false ?'),
  session('plan/plan-run', 'a policy revokes nothing', "return 'Revoked';", 'return undefined;'),
  session('plan/plan-start', 'nobody is asked for an approval', 'return unapproved ?? ofPod', 'return ofPod'),
  session('start/approval-flaws', 'an approval is for any request', 'spec.requestHash !== hash', 'false'),
  session('start/approval-flaws', 'an approval never runs out', 'at >= endOfApproval(approval, about.demand)', 'false'),
  session('start/approval', 'an approval that is gone still holds', 'by.some(isGone)', 'false'),
  session('stop/change-ttl', 'a run that was approved gets longer', 'run.approvedBy !== undefined', 'false'),
  session(
    'start/permission',
    'what cannot be read revokes',
    "if (policy.kind === 'unread' || namespace.unread !== undefined) return false;",
    '',
  ),
  session(
    'start/permission',
    'the spec counts for what runs, not the record',
    '{ image = session.spec.image, allowances = [], meets = [] } = run',
    '{ image, allowances, meets } = { image: session.spec.image, allowances: [], meets: [] as [] }',
  ),
  session(
    'start/permission',
    'every policy lets pods be evicted',
    "=== 'EvictPod' && mayEvict(rules);",
    "=== 'EvictPod';",
  ),
  session(
    'start/permission',
    'what the policy demanded then is forgotten',
    "run.demanded?.onUnstoppable === 'EvictPod' ||",
    '',
  ),
  session('plan/plan-over', 'a deletion is a way around a demanded retirement', 'mustRetire(run) ? undefined :', ''),
  session(
    'stop/retirement',
    'a demanded retirement needs EvictPod',
    'if (isDemanded(run)) return goOn',
    'if (false) return goOn',
  ),
  session('start/limits', 'a container that is not heard of is nobody’s', 'other.isUnheard === true', 'false'),
  session(
    'plan/plan-start',
    'however many may wait',
    "if (tooMany !== undefined) return failAttempt(situation, 'TooManyWaiting'",
    "if (false) return failAttempt(situation, 'TooManyWaiting'",
  ),
  session('stop/change-ttl', 'a ttl beyond the longest counts', 'isLonger(wanted, max) ?', 'false ?'),
  session('start/limits', 'those who asked before are passed over', '  seat(tally, line);\n', ''),
  session(
    'start/limits',
    'whom no cache shows yet is not counted',
    '...uncountedIn(pod, self, { known, isOver: others.isOver })',
    '',
  ),
  reconcile(
    'places',
    'an intent takes no place before it is written',
    'this.#claims.set(keyOf(session), { run, place: placeOf(session, run) });',
    '',
  ),
  reconcile('places', 'nobody is woken when a place becomes free', 'this.#options.wake(waiter.key)', 'void waiter'),
];
