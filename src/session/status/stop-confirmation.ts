import type { Run } from '../../api/debugsession.ts';
import { fromTimestamp } from '../../api/time.ts';
import { condition, type WantedCondition } from '../../api/conditions.ts';
import { runsAgain } from '../run/lifecycle.ts';

/**
 * StopConfirmed of a run that is over: True only where the kubelet reported the container terminated, where there never was one, or where
 * its supervisor's last moment has passed. A pod that vanished unseen, and a container that may still be started, are Unknown until then.
 */
export function stopConfirmation(run: Run, now: number): WantedCondition {
  if (runsAgain(run)) return condition('StopConfirmed', 'False', 'RanAgain', againMessage(run));
  if (wasSeenToEnd(run))
    return condition('StopConfirmed', 'True', 'Terminated', `the kubelet reported the container terminated`);
  if (run.injectedAt === undefined && run.endedBy === undefined)
    return condition('StopConfirmed', 'True', 'NothingToStop', 'no container was injected');
  if (run.state === 'StartedLate' && run.endedBy === undefined)
    return condition('StopConfirmed', 'False', 'StartedLate', lateMessage(run));
  const lastMoment = fromTimestamp(run.lastMoment);
  if (lastMoment === undefined || now < lastMoment) return unknown(run);
  const message = `not seen to end; its supervisor lets nothing live past ${run.lastMoment}`;
  return condition('StopConfirmed', 'True', 'LastMomentPassed', message);
}

/** The first time it ran, and the second if there was one. */
function wasSeenToEnd({ exitCode, reason, ranAgain }: Run): boolean {
  return exitCode !== undefined && reason !== 'ContainerStatusUnknown' && ranAgain?.lost !== true;
}

function unknown(run: Run): WantedCondition {
  const until = run.lastMoment === undefined ? '' : `; its supervisor lets nothing live past ${run.lastMoment}`;
  const wentUnseen = run.endedBy === 'PodGone' || run.endedBy === 'Eviction' || run.ranAgain?.lost === true;
  if (wentUnseen) {
    const message = `the pod went before the container was seen to end (force delete or lost node)${until}`;
    return condition('StopConfirmed', 'Unknown', 'ForceDeleted', message);
  }
  if (run.reason === 'ContainerStatusUnknown') {
    return condition('StopConfirmed', 'Unknown', 'NodeLost', `the kubelet has lost sight of the container${until}`);
  }
  return condition('StopConfirmed', 'Unknown', 'MayStartLate', mayStartMessage(run));
}

function mayStartMessage(run: Run): string {
  const then =
    run.lastMoment === undefined
      ? 'only the operator would end it then'
      : `after ${run.startBy} it would end itself at once`;
  return `the container has not run, but it stands in the pod and the kubelet may start it later; ${then}`;
}

function againMessage(run: Run): string {
  return `the kubelet ran the container again after its end; ${endOfStray(run)}`;
}

function lateMessage(run: Run): string {
  return `the container started after its run had failed; ${endOfStray(run)}`;
}

function endOfStray({ lastMoment }: Run): string {
  const byItself = lastMoment === undefined ? '' : `, and ends by itself at ${lastMoment} at the latest`;
  return `the operator ends it${byItself}`;
}

/** When StopConfirmed of this run may change without anything being seen, in ms since the epoch. */
export function nextConfirmation(run: Run, now: number): number | undefined {
  const lastMoment = fromTimestamp(run.lastMoment);
  if (lastMoment === undefined || lastMoment <= now) return undefined;
  return stopConfirmation(run, now).status === 'True' ? undefined : lastMoment;
}
