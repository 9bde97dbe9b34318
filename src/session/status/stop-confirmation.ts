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
  absent: () => 'no container was injected',
  mayStart: (run) => `${nameOf(run)} has not run, and the kubelet may start it later; ${thenWhat(run)}`,
  startRefused: unstarted,
  lastMomentPassed: unstarted,
  cannotStart: (run) => `${nameOf(run)} can never start: ${run.message ?? 'no reason given'}`,
  startedLate: (run) => `the container started after its run had failed; ${byOperator(run)}`,
  ranAgain: (run) => `the kubelet ran the container again after its end; ${byOperator(run)}`,
  mayRunAgain: () => 'the kubelet reported the container terminated',
  ended: () => 'the kubelet reported the container terminated',
  podLost: (run) =>
    `the pod went, or finished, before the container was seen to end (force delete or lost node)${bySupervisor(run)}`,
  nodeLost: (run) => `the kubelet has lost sight of the container${bySupervisor(run)}`,
};

function nameOf({ debugContainerName, podName }: Run): string {
  return `container ${debugContainerName} of pod ${podName}`;
}

function unstarted(run: Run): string {
  return `${nameOf(run)} was not seen to run; its supervisor refuses to start after ${run.startBy}, but only the kubelet can confirm that, or the end of the pod`;
}

function thenWhat({ lastMoment, startBy }: Run): string {
  return lastMoment === undefined ? 'only the operator would end it then' : `after ${startBy} its supervisor refuses`;
}

function byOperator({ lastMoment }: Run): string {
  return `the operator ends it${lastMoment === undefined ? '' : `; its supervisor has to end it by ${lastMoment}`}`;
}

function bySupervisor({ lastMoment }: Run): string {
  return lastMoment === undefined ? '' : `; its supervisor had to end it by ${lastMoment}, which nobody can confirm`;
}
