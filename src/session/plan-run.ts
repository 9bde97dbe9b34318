import type { Run } from '../api/debugsession.ts';
import type { InjectionReason } from '../api/reasons.ts';
import { endOfSecond, fromTimestamp } from '../api/time.ts';
import { findCondition } from './conditions.ts';
import { specHashOf } from './container.ts';
import { BUILT_IN, startTimeoutMs } from './effective.ts';
import { containerOf } from './intent.ts';
import { observe, type Seen } from './observation.ts';
import { finish, writeIfChanged } from './outcome.ts';
import { confirmInjection, endOf, endWithPod, failedRun, lostRun, startRun } from './run-record.ts';
import { rest, type EventIntent, type Plan, type Situation } from './situation.ts';
import type { Standing } from './status.ts';
import * as story from './story.ts';

/** A container that has not run for so long after its intent is worth a word in status, in ms; most start faster and cost no write. */
const SLOW_START_MS = 5_000;
/** How long after its deadline a supervised container may still be seen running, in ms: HUP, TERM, KILL a second apart, and the kubelet's report. */
const OVERDUE_MS = 10_000;

/** A run between its intent and its end. */
export function planRun(situation: Situation, run: Run): Plan {
  const seen = observe(run, situation.session.metadata.uid, situation.sighting);
  switch (seen.kind) {
    case 'unseen':
      return rest(situation.now);
    case 'notInjected':
      return planInjection(situation, run, seen);
    case 'waiting':
      return run.state === 'Running'
        ? planOutOfSight(situation, run, seen)
        : planWaiting(situation, confirmInjection(situation, run), seen);
    case 'running':
      return planRunning(situation, confirmInjection(situation, run, seen.startedAt), seen);
    case 'terminated':
      return finish(situation, endOf(situation, confirmInjection(situation, run, seen.terminated.startedAt), seen));
    case 'podGone':
      return finish(situation, endWithPod(situation, run, seen));
  }
}

function startDeadline(run: Run): number {
  return (endOfSecond(run.intendedAt) ?? 0) + startTimeoutMs(run);
}

function planInjection(situation: Situation, run: Run, seen: Seen<'notInjected'>): Plan {
  const { session, now } = situation;
  const { pod } = seen;
  // The pod's copy may be older than our own injection; the watch brings the newer one.
  if (run.injectedAt !== undefined) {
    const deadline = startDeadline(run);
    return now < deadline ? rest(now, deadline) : rest(now);
  }
  if (seen.nameTaken) {
    const message = `pod ${pod.metadata.name} has an ephemeral container ${run.debugContainerName} that is not of this session`;
    return finish(situation, failedRun(run, now, 'ContainerNameTaken', message));
  }
  if (now >= startDeadline(run)) {
    const message = `not injected within ${run.effective?.startTimeout}: the API server refused, or the operator was away`;
    return finish(situation, failedRun(run, now, 'StartTimeout', message));
  }
  if (pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') {
    const message = `pod ${pod.metadata.name} finished (${pod.status.phase}) before the container was injected`;
    return finish(situation, failedRun(run, now, 'PodFinished', message));
  }
  if (pod.metadata.deletionTimestamp !== undefined) {
    const message = `pod ${pod.metadata.name} was deleted before the container was injected`;
    return finish(situation, failedRun(run, now, 'PodTerminating', message));
  }
  const container = containerOf(session, run);
  if (specHashOf(container) !== run.specHash) {
    const message =
      'the spec was changed between the intent and the injection: raise spec.attempt to debug with the new one';
    return finish(situation, failedRun(run, now, 'SpecChanged', message));
  }
  return { effect: { kind: 'inject', run, container }, events: [story.injected(run)] };
}

function planWaiting(situation: Situation, run: Run, seen: Seen<'waiting'>): Plan {
  const { session, now } = situation;
  const reason = seen.reason === 'ContainerCreating' ? 'StartTimeout' : seen.reason;
  if (seen.final) return finish(situation, failedRun(run, now, reason, seen.message));
  const deadline = startDeadline(run);
  if (now >= deadline) {
    return finish(
      situation,
      failedRun(run, now, reason, `not running within ${run.effective?.startTimeout}: ${seen.message}`),
    );
  }
  const slow = (fromTimestamp(run.intendedAt) ?? now) + SLOW_START_MS;
  if (now < slow) return rest(now, Math.min(slow, deadline));
  const before = findCondition(session.status?.conditions, 'Reconciling');
  // The kubelet's words change with every try (back-off times, request ids); the reason does not.
  const message = before?.reason === seen.reason ? before.message : seen.message;
  const standing: Standing = { phase: 'Starting', waiting: { reason: seen.reason, message } };
  return writeIfChanged(situation, { run, standing, events: [], wakeAt: deadline });
}

/**
 * The kubelet has lost the record of a container that ran (k/k#124176). That is no failed start, and no proof of an end: the next report, the
 * end of its pod or its last moment decides.
 */
function planOutOfSight(situation: Situation, run: Run, seen: Seen<'waiting'>): Plan {
  const { now } = situation;
  if (seen.reason === 'PodFinished') return finish(situation, lostRun(run, now, 'PodGone', seen.message));
  const lastMoment = fromTimestamp(run.lastMoment);
  if (lastMoment === undefined || now < lastMoment) return rest(now, lastMoment);
  const message = `the kubelet has lost sight of container ${run.debugContainerName} while it ran`;
  return finish(situation, lostRun(run, now, 'ContainerStatusUnknown', message));
}

function planRunning(situation: Situation, run: Run, seen: Seen<'running'>): Plan {
  const { session, now } = situation;
  const running = run.state === 'Running' ? run : startRun(run, seen, now);
  const supervised = running.effective?.supervisor !== 'None';
  const overdueAt = (fromTimestamp(running.expiresAt) ?? now) + (supervised ? OVERDUE_MS : 0);
  const events = run.state === 'Running' ? ttlEvents(situation, running) : [story.started(running)];
  const what = `container ${running.debugContainerName} of pod ${running.podName}`;
  if (now < overdueAt) {
    const end = supervised
      ? `ends at ${running.expiresAt}`
      : `ends by itself only: without a supervisor nothing ends it at ${running.expiresAt}`;
    const standing: Standing = { phase: 'Running', message: `${what} runs and ${end}` };
    return writeIfChanged(situation, { run: running, standing, events, wakeAt: overdueAt });
  }
  const message = `${what} should have ended at ${running.expiresAt} and still runs; this operator has no way to stop it: end its command, or delete the pod`;
  if (session.status?.phase !== 'Ending') events.push(story.overdue(running, message));
  return writeIfChanged(situation, { run: running, standing: { phase: 'Ending', reason: 'NoRoute', message }, events });
}

/** A changed ttl does not reach the supervisor that runs already: said once, with the write that takes note of the new generation. */
function ttlEvents({ session }: Situation, run: Run): EventIntent[] {
  const { generation = 0 } = session.metadata;
  const wanted = session.spec.ttl ?? BUILT_IN.ttl;
  if (wanted === run.effective?.ttl || session.status?.observedGeneration === generation) return [];
  return [story.ttlChangeRefused(run, wanted, generation)];
}

/** The API server has refused the injection for good. */
export function planRefusal(
  situation: Situation,
  run: Run,
  refusal: { reason: InjectionReason; message: string },
): Plan {
  return finish(situation, failedRun(run, situation.now, refusal.reason, refusal.message));
}
