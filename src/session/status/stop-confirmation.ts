import type { Run } from '../../api/debugsession.ts';
import { condition, type WantedCondition } from '../../api/conditions.ts';
import { type Fate, FATES, fateOf } from '../run/fate.ts';

/**
 * `StopConfirmed` of a run. True comes from the kubelet's report, or from nothing having been injected, alone: what the
 * supervisor inside the container should have done confirms nothing (docs/adr/0031).
 */
export function stopConfirmation(run: Run, now: number): WantedCondition {
  const fate = fateOf(run, now);
  const { status, reason } = FATES[fate].stop ?? { status: 'False', reason: 'Stopping' };
  return condition('StopConfirmed', status, reason, WORDS[fate](run));
}

const WORDS: Record<Fate, (run: Run) => string> = {
  live: (run) => `${nameOf(run)} has not ended`,
  absent: () => 'No container was injected',
  mayStart: (run) => `${nameOf(run)} has not run, and the kubelet may start it later; ${thenWhat(run)}`,
  startRefused: unstarted,
  lastMomentPassed: unstarted,
  cannotStart: (run) => `${nameOf(run)} can never start: ${run.message ?? 'no reason given'}`,
  startedLate: (run) => `The container started after its run had failed; ${byOperator(run)}`,
  ranAgain: (run) => `The kubelet ran the container again after its end; ${byOperator(run)}`,
  mayRunAgain: () => 'The kubelet reported the container terminated',
  ended: () => 'The kubelet reported the container terminated',
  podLost: (run) =>
    `The pod went or finished before the kubelet reported the end of the container (force delete or lost node)${bySupervisor(run)}`,
  nodeLost: (run) => `The kubelet has no status of the container any more${bySupervisor(run)}`,
};

function nameOf({ debugContainerName, podName }: Run): string {
  return `Container ${debugContainerName} of pod ${podName}`;
}

function unstarted(run: Run): string {
  return `${nameOf(run)} was not seen to run. Its supervisor refuses to start after ${run.startBy}; only the kubelet, or the end of the pod, can confirm that`;
}

function thenWhat({ lastMoment, startBy }: Run): string {
  return lastMoment === undefined
    ? 'then only the operator would end it'
    : `its supervisor refuses to start after ${startBy}`;
}

function byOperator({ lastMoment }: Run): string {
  return `the operator ends it${lastMoment === undefined ? '' : `; its supervisor has to end it by ${lastMoment}`}`;
}

function bySupervisor({ lastMoment }: Run): string {
  return lastMoment === undefined ? '' : `; its supervisor had to end it by ${lastMoment}, but nothing confirms that`;
}
