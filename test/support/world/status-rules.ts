import type { Condition, DebugSession, Run } from '../../../src/api/debugsession.ts';
import { TERMINAL_PHASES } from '../../../src/api/reasons.ts';
import { missingRows } from './reasons-in-place.ts';

// What is true of every status that we write (docs/debugsession.md, Kubernetes API conventions, kstatus). Used by every
// suite.

/** The broken rules of one session's status, each a sentence; none for a good one. */
export function brokenRules(session: DebugSession): string[] {
  const { status } = session;
  if (status?.phase === undefined) return [];
  const conditions = status.conditions ?? [];
  const is = (type: string, value = 'True'): boolean => conditions.some((c) => c.type === type && c.status === value);
  const over = TERMINAL_PHASES.includes(status.phase);
  // The next attempt has not begun, and nobody has called it off.
  const isRaised = session.spec.attempt > (status.attempt ?? 0) && session.spec.cancel !== true;
  const rules: [boolean, string][] = [
    [new Set(conditions.map((c) => c.type)).size === conditions.length, 'a condition type occurs twice'],
    [!(is('Complete') && is('Failed')), 'Complete and Failed at once'],
    [
      over === (is('Complete') || is('Failed')),
      'phase is terminal but neither Complete nor Failed is True, or the reverse',
    ],
    [over === !is('Reconciling') || status.phase === 'Running' || isRaised, 'Reconciling does not fit the phase'],
    [is('Stalled') === (is('Failed') && !is('Reconciling')), 'Stalled does not fit Failed and Reconciling'],
    [!over || conditions.some((c) => c.type === 'StopConfirmed'), 'terminal without StopConfirmed'],
    [status.phase !== 'Running' || (is('Running') && is('Injected')), 'phase Running without its conditions'],
    [
      (status.attempt ?? 0) === Math.max(0, ...(status.runs ?? []).map((run) => run.attempt)),
      'attempt is not the newest run',
    ],
    [(status.observedGeneration ?? 0) <= (session.metadata.generation ?? 0), 'observedGeneration is ahead'],
    [
      !(is('StopConfirmed') && (status.runs ?? []).some((run) => run.state === 'Running')),
      'StopConfirmed while a run is live',
    ],
  ];
  return [
    ...rules.filter(([holds]) => !holds).map(([, rule]) => rule),
    ...conditions.flatMap(brokenCondition),
    ...missingRows(status.phase, conditions),
  ];
}

function brokenCondition(c: Condition): string[] {
  const rules: [boolean, string][] = [
    [/^[A-Z][A-Za-z]+$/.test(c.reason), `reason ${JSON.stringify(c.reason)} is not CamelCase`],
    [c.message.length > 0 && c.message.length <= 1024, 'message is empty or too long'],
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    [!/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(c.message), 'message is not one line'],
    [!/undefined|null|NaN|\[object/.test(c.message), `message shows a hole: ${c.message}`],
    [/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(c.lastTransitionTime), 'lastTransitionTime is no metav1.Time'],
  ];
  return rules.filter(([holds]) => !holds).map(([, rule]) => `${c.type}: ${rule}`);
}

/** What one write may not do to the status before it (INVARIANTS: monotone within a run, terminal states absorb). */
export function brokenTransition(before: DebugSession, after: DebugSession): string[] {
  const [old, now] = [before.status, after.status];
  const broken: string[] = [];
  if ((now?.attempt ?? 0) < (old?.attempt ?? 0)) broken.push('status.attempt fell');
  if ((now?.observedGeneration ?? 0) < (old?.observedGeneration ?? -1)) broken.push('observedGeneration fell');
  for (const run of old?.runs ?? []) {
    const next = now?.runs?.find((candidate) => candidate.attempt === run.attempt);
    if (next === undefined) broken.push(`run ${run.attempt} was dropped`);
    else broken.push(...brokenRun(run, next));
  }
  for (const condition of now?.conditions ?? []) {
    const same = old?.conditions?.find((candidate) => candidate.type === condition.type);
    const moved = same?.lastTransitionTime !== condition.lastTransitionTime;
    if (
      same?.status === condition.status &&
      moved &&
      old?.attempt === now?.attempt &&
      old?.phase !== 'Pending' &&
      now?.phase !== 'Pending'
    ) {
      broken.push(`${condition.type}: lastTransitionTime moved without its status`);
    }
  }
  return broken;
}

function brokenRun(run: Run, next: Run): string[] {
  const broken: string[] = [];
  const fixed = [
    'podUID',
    'podName',
    'debugContainerName',
    'specHash',
    'startBy',
    'intendedAt',
    'injectedAt',
    'startedAt',
    'finishedAt',
    'overAt',
    'podRetired',
    'exitCode',
  ] as const;
  for (const field of fixed) {
    if (run[field] !== undefined && run[field] !== next[field]) broken.push(`run ${run.attempt}: ${field} changed`);
  }
  // A ttl that was raised may let it live longer; nothing makes what was promised less.
  const lostSupervisor = run.effective?.supervisor === 'Shell' && next.effective?.supervisor === 'None';
  if (!lostSupervisor && (next.lastMoment ?? '') < (run.lastMoment ?? ''))
    broken.push(`run ${run.attempt}: lastMoment fell`);
  if ((next.renewedAt ?? '') < (run.renewedAt ?? '')) broken.push(`run ${run.attempt}: renewedAt fell`);
  const routes = next.stop?.routes ?? [];
  if (run.stop?.routes.some((route) => !routes.includes(route)) === true)
    broken.push(`run ${run.attempt}: a way that was tried was forgotten`);
  if (run.ranAgain !== undefined && next.ranAgain === undefined)
    broken.push(`run ${run.attempt}: ranAgain was dropped`);
  const wasOver = run.state === 'Ended' || run.state === 'Failed' || run.state === 'StartedLate';
  if (wasOver && (next.state === 'Starting' || next.state === 'Running'))
    broken.push(`run ${run.attempt} came back to life`);
  if (run.state === 'Running' && next.state === 'Starting') broken.push(`run ${run.attempt} went back`);
  return broken;
}
