import type {
  Condition,
  DebugSession,
  DebugSessionStatus,
  Phase,
  Run,
  WantedApproval,
} from '../../api/debugsession.ts';
import { type InjectionReason, TERMINAL_PHASES } from '../../api/reasons.ts';
import { nameOfTarget } from '../../api/target-name.ts';
import { toTimestamp } from '../../api/time.ts';
import type { Why } from '../look/objection.ts';
import { consequencesOf, guardedRun } from '../run/fate.ts';
import { PREVIOUS_RUN_NOT_OVER, withRun } from '../run/lifecycle.ts';
import { attemptBehind } from './attempt-behind.ts';
import { whyDeletionWaits } from './deletion-waits.ts';
import { oneLine } from '../../text/one-line.ts';
import { condition, findCondition, mergeConditions, type WantedCondition } from '../../api/conditions.ts';
import { CANCELLED, REJECTED } from '../run/ending.ts';
import { stopConfirmation } from './stop-confirmation.ts';

/** Where a session stands: all that its status says follows from this and the record of its newest run. */
export type Standing =
  /** `keepsWords`: see WantedCondition. `approval`: what an approval has to name that it waits for. */
  | { phase: 'Pending'; reason: string; message: string; keepsWords?: true; approval?: WantedApproval }
  /** `waiting` once the API server has refused the container for a while, or the kubelet has not started it. */
  | { phase: 'Starting'; waiting?: Why }
  | { phase: 'Running'; message: string; keepsWords?: true }
  | { phase: 'Ending'; reason: string; message: string }
  /** `unconfirmed`: why the end is not confirmed (yet), where its container runs all the same and is being ended. */
  | { phase: 'Over'; unconfirmed?: Why; retirement?: WantedCondition };

export interface StatusInput {
  session: DebugSession;
  standing: Standing;
  now: number;
  /** The run that the standing is about; absent while Pending. */
  run?: Run;
  /** An earlier run of which more is known now; the standing is not about it. */
  record?: Run;
  /**
   * The pod of the run is being deleted: nobody can attach any more, because the kubelet ends, or has ended, what runs
   * in it.
   */
  isPodLeaving?: boolean;
}

/** The status of a session, complete: conditions are those of the newest attempt and start anew with it. */
export function composeStatus(input: StatusInput): DebugSessionStatus {
  const { session, standing, run, record, now, isPodLeaving = false } = input;
  const previous = session.status;
  const generation = session.metadata.generation ?? 0;
  const news = [record, run].filter((one) => one !== undefined);
  const runs = news.reduce(withRun, previous?.runs ?? []);
  const before = comparable(session, run, standing);
  const open = guardedRun(runs, now);
  const behind = attemptBehind(session, standing, run);
  const standingConditions = wantedConditions(standing, run, { now, open, isPodLeaving });
  const wanted = [
    ...keepUnknown(previous, standingConditions, run).filter(({ type }) => behind.length === 0 || type !== 'Stalled'),
    ...behind,
    ...deletionWaiting(session, standing, { run: open ?? run, now }),
  ];
  const conditions = mergeConditions(before, wanted, { now, generation });
  return {
    ...summary(session, standing, { run, isPodLeaving }),
    observedGeneration: generation,
    attempt: run?.attempt ?? previous?.attempt ?? 0,
    ...waiting(previous, standing, { run, now }),
    ...accepted(previous, conditions, { isNew: before.length === 0, now }),
    ...wantedApproval(standing),
    ...(run === undefined ? {} : columns(session, run, { canAttach: !isPodLeaving && isAttachable(standing) })),
    ...(runs.length === 0 ? {} : { runs }),
    conditions,
  };
}

function wantedApproval(standing: Standing): Pick<DebugSessionStatus, 'approval'> {
  return standing.phase === 'Pending' && standing.approval !== undefined ? { approval: standing.approval } : {};
}

/** Conditions of an earlier attempt say nothing about this one. */
function comparable(session: DebugSession, run: Run | undefined, standing: Standing): readonly Condition[] {
  const { status } = session;
  if (status?.conditions === undefined) return [];
  const wasOver = status.phase !== undefined && TERMINAL_PHASES.includes(status.phase);
  const isNew = standing.phase === 'Pending' || (run !== undefined && run.attempt !== status.attempt);
  return wasOver && isNew ? [] : status.conditions;
}

/** A wait that was given up, or called off, decides nothing: what was not known of `Accepted` stays so. */
function keepUnknown(
  previous: DebugSessionStatus | undefined,
  wanted: readonly WantedCondition[],
  run: Run | undefined,
): readonly WantedCondition[] {
  if (!isUndecided(previous, run)) return wanted;
  const kept = steady(condition('Accepted', 'Unknown', previous.waitingFor, run?.message ?? ''));
  return wanted.map((next) => (next.type === 'Accepted' ? kept : next));
}

function isUndecided(
  previous: DebugSessionStatus | undefined,
  run: Run | undefined,
): previous is DebugSessionStatus & { waitingFor: string } {
  if (previous?.waitingFor === undefined || previous.acceptedAt !== undefined) return false;
  return run?.reason === 'PendingTimeout' || run?.reason === CANCELLED;
}

/**
 * A change of the reason starts no clock anew. While the attempt before it is waited for, its own wait has not begun.
 */
function waiting(
  previous: DebugSessionStatus | undefined,
  standing: Standing,
  { run, now }: { run: Run | undefined; now: number },
): Pick<DebugSessionStatus, 'waitingSince' | 'waitingFor'> {
  if (standing.phase !== 'Pending') return isUndecided(previous, run) ? { waitingFor: previous.waitingFor } : {};
  const waitingFor = standing.reason;
  if (waitingFor === PREVIOUS_RUN_NOT_OVER) return { waitingFor };
  return { waitingFor, waitingSince: previous?.waitingSince ?? toTimestamp(now) };
}

function accepted(
  previous: DebugSessionStatus | undefined,
  conditions: readonly Condition[],
  { isNew, now }: { isNew: boolean; now: number },
): Pick<DebugSessionStatus, 'acceptedAt'> {
  if (findCondition(conditions, 'Accepted')?.status !== 'True') return {};
  const before = isNew ? undefined : previous?.acceptedAt;
  return { acceptedAt: before ?? toTimestamp(now) };
}

/** Why a session that was deleted is still there. */
function deletionWaiting(
  { metadata }: DebugSession,
  standing: Standing,
  { run, now }: { run: Run | undefined; now: number },
): WantedCondition[] {
  if (metadata.deletionTimestamp === undefined || run === undefined) return [];
  if (standing.phase !== 'Ending' && !consequencesOf(run, now).needsGuard) return [];
  return [condition('DeletionWaiting', 'True', ...whyDeletionWaits(run, now))];
}

function phaseOf(standing: Standing, run: Run | undefined): Phase {
  if (standing.phase !== 'Over') return standing.phase;
  if (run?.reason === CANCELLED) return 'Cancelled';
  if (run?.state !== 'Ended') return 'Failed';
  return run.reason === 'Expired' ? 'Expired' : 'Completed';
}

const POD_TERMINATING = 'PodTerminating' satisfies InjectionReason;

/** The columns POD, PHASE and REASON of `kubectl get`. */
function summary(
  { spec }: DebugSession,
  standing: Standing,
  { run, isPodLeaving }: { run: Run | undefined; isPodLeaving: boolean },
): Pick<DebugSessionStatus, 'phase' | 'reason' | 'target'> {
  const reason = standing.phase === 'Running' && isPodLeaving ? POD_TERMINATING : reasonOf(standing, run);
  return {
    phase: phaseOf(standing, run),
    ...(reason !== undefined && { reason }),
    target: run?.podName ?? nameOfTarget(spec.target),
  };
}

function reasonOf(standing: Standing, run: Run | undefined): string | undefined {
  switch (standing.phase) {
    case 'Pending':
    case 'Ending':
      return standing.reason;
    case 'Starting':
      return standing.waiting?.reason;
    case 'Running':
      return undefined;
    case 'Over':
      return run?.reason;
  }
}

/** @param standing absent where nobody can attach, whatever it is */
function isAttachable({ phase }: Standing): boolean {
  return phase === 'Running' || phase === 'Ending';
}

function columns(session: DebugSession, run: Run, { canAttach }: { canAttach: boolean }): Partial<DebugSessionStatus> {
  const all: { [K in keyof DebugSessionStatus]: DebugSessionStatus[K] | undefined } = {
    podName: run.podName,
    nodeName: run.nodeName,
    debugContainerName: run.debugContainerName,
    attachCommand: canAttach ? attachCommand(session, run) : undefined,
    startedAt: run.startedAt,
    expiresAt: run.expiresAt,
    completedAt: run.finishedAt,
    exitCode: run.exitCode,
    approvers: run.approvedBy?.map(({ username }) => oneLine(username, 256)).join(', '),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Every part is a DNS name, checked by the API server: nothing to quote. */
function attachCommand(session: DebugSession, run: Run): string {
  const stdin = run.effective?.stdin === true ? ' -i' : '';
  const tty = run.effective?.tty === true ? ' -t' : '';
  return `kubectl attach -n ${session.metadata.namespace} ${run.podName ?? ''} -c ${run.debugContainerName ?? ''}${stdin}${tty}`;
}

/** @param open a run of the session, this one or an earlier, whose container runs or may */
function wantedConditions(
  standing: Standing,
  run: Run | undefined,
  { now, open, isPodLeaving }: { now: number; open: Run | undefined; isPodLeaving: boolean },
): WantedCondition[] {
  const accepted = condition('Accepted', 'True', 'Accepted', 'The operator accepted the session');
  switch (standing.phase) {
    case 'Pending': {
      const { reason, message, keepsWords } = standing;
      const conditions = [
        ...(REJECTED.includes(reason) ? [condition('Accepted', 'Unknown', reason, message)] : []),
        condition('Injected', 'False', reason, message),
        condition('Reconciling', 'True', reason, message),
      ];
      const told = keepsWords === true ? conditions.map(steady) : conditions;
      return REJECTED.includes(reason) ? told : [accepted, ...told];
    }
    case 'Starting': {
      if (standing.waiting === undefined) {
        return [accepted, condition('Reconciling', 'True', 'Injecting', 'The operator injects the container')];
      }
      const { reason, message } = standing.waiting;
      const place =
        run?.injectedAt === undefined ? steady(condition('Injected', 'False', reason, message)) : injected(run);
      return [accepted, place, steady(condition('Reconciling', 'True', reason, message))];
    }
    case 'Running':
      return [accepted, injected(run), runs(standing, isPodLeaving)];
    case 'Ending':
      return [
        accepted,
        injected(run),
        condition('Running', 'True', 'Running', `${nameOf(run)} runs and is being ended`),
        condition('Reconciling', 'True', standing.reason, standing.message),
        condition('StopConfirmed', 'False', standing.reason, standing.message),
      ];
    case 'Over':
      return run === undefined ? [accepted] : overConditions(accepted, run, { standing, now, open });
  }
}

function runs(
  { message, keepsWords }: Extract<Standing, { phase: 'Running' }>,
  isPodLeaving: boolean,
): WantedCondition {
  const wanted = condition('Running', 'True', isPodLeaving ? POD_TERMINATING : 'Running', message);
  return keepsWords === true ? steady(wanted) : wanted;
}

/** The kubelet's and the server's words change with every try (back-off times, request ids). */
function steady(wanted: WantedCondition): WantedCondition {
  return { ...wanted, keepsWords: true };
}

function injected(run: Run | undefined): WantedCondition {
  return condition(
    'Injected',
    'True',
    'Injected',
    `Container ${run?.debugContainerName ?? ''} is in pod ${run?.podName ?? ''}`,
  );
}

function nameOf(run: Run | undefined): string {
  return `Container ${run?.debugContainerName ?? ''} of pod ${run?.podName ?? ''}`;
}

function overConditions(
  accepted: WantedCondition,
  run: Run,
  { standing, now, open = run }: { standing: Extract<Standing, { phase: 'Over' }>; now: number; open: Run | undefined },
): WantedCondition[] {
  const reason = run.reason ?? 'Unknown';
  const message = run.message ?? '';
  const { unconfirmed, retirement } = standing;
  const stop = unconfirmed
    ? condition('StopConfirmed', 'False', unconfirmed.reason, unconfirmed.message)
    : stopConfirmation(open, now);
  const last = retirement === undefined ? [stop] : [stop, retirement];
  const placed = run.injectedAt === undefined ? condition('Injected', 'False', reason, message) : injected(run);
  if (run.state === 'Ended' || reason === CANCELLED) {
    const complete = condition('Complete', 'True', reason, message);
    return [accepted, placed, condition('Running', 'False', reason, message), complete, ...last];
  }
  const refused = REJECTED.includes(reason) ? condition('Accepted', 'False', reason, message) : accepted;
  const failed = condition('Failed', 'True', reason, message);
  return [refused, placed, failed, condition('Stalled', 'True', reason, message), ...last];
}
