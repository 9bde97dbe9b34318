import type { DebugPolicySpec } from '../../api/debugpolicy.ts';
import type { DebugSession, DebugSessionSpec, Requester, Run, RunRequester } from '../../api/debugsession.ts';
import type { Pod } from '../../api/pod.ts';
import { parseDuration } from '../../api/duration.ts';
import { floorToSecond, fromTimestamp, toTimestamp } from '../../api/time.ts';
import { demandsOf } from '../../policy/demands.ts';
import { ttlOf, wishesOf } from '../../policy/evaluate.ts';
import { processNamespaceOf } from '../../policy/process-namespace.ts';
import { metBy } from '../../policy/requirements.ts';
import { oneLine } from '../../text/one-line.ts';
import { quotedWord } from '../../text/quoted-word.ts';
import { containerOf } from '../container/container-of.ts';
import { containerName, specHashOf } from '../container/container.ts';
import { effectiveValues, START_MARGIN_MS, ttlSeconds } from '../container/effective.ts';
import { podBefore } from './pod-before.ts';
import { policyNameOf } from './permission.ts';

/**
 * The intent of a run: everything that its container follows from, written to status before the injection. A crash, a
 * lost answer or a second operator repeats the same injection from the same record.
 */
export function intendRun(session: DebugSession, pod: Pod, now: number, policy: DebugPolicySpec): Run {
  const { spec, metadata } = session;
  const effective = effectiveValues(spec, ttlOf(policy).default);
  const allowances = wishesOf(spec, pod);
  const joins = processNamespaceOf(spec.target, pod);
  const meets = metBy({ ...spec, profile: effective.profile }, pod);
  const demanded = demandsOf(policy);
  // Whole seconds, like every time that we write: what is recorded is what the supervisor is given.
  const second = floorToSecond(now);
  // Nothing starts after notAfter, late starts included.
  const lapse = fromTimestamp(spec.notAfter) ?? Infinity;
  const startBy = Math.min(second + parseDuration(effective.startTimeout) + START_MARGIN_MS, floorToSecond(lapse));
  const supervised = effective.supervisor === 'Shell';
  const run: Run = {
    attempt: spec.attempt,
    podName: pod.metadata.name,
    podUID: pod.metadata.uid,
    ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    debugContainerName: containerName(metadata.uid, spec.attempt),
    effective,
    intendedAt: toTimestamp(now),
    startBy: toTimestamp(startBy),
    ...(supervised ? { lastMoment: toTimestamp(startBy + ttlSeconds(effective.ttl) * 1000) } : {}),
    before: podBefore(pod, spec.target.containerName),
    image: spec.image,
    policyName: policyNameOf(session),
    ...(policy.revokeRunning === true && { revocable: true }),
    ...(allowances.length > 0 && { allowances }),
    ...(joins !== undefined && { joins }),
    ...(meets.length > 0 && { meets }),
    ...(Object.keys(demanded).length > 0 && { demanded }),
    ...requestOf(spec),
    state: 'Starting',
  };
  return { ...run, specHash: specHashOf(containerOf(session, run)) };
}

/** Name and uid: groups are many, and change. */
function whoIs({ username, uid }: Requester): RunRequester {
  return { username, ...(uid !== undefined && { uid }) };
}

/**
 * What was asked for, by whom and why: a later attempt may change both in the spec, and the record has to outlast it.
 */
export function requestOf({
  command = [],
  args = [],
  justification,
  requestedBy,
  attachers,
}: DebugSessionSpec): Partial<Run> {
  const words = [...command, ...args].map(quotedWord);
  return {
    ...(words.length > 0 && { commandLine: oneLine(words.join(' '), 1024) }),
    ...(justification !== undefined && { justification: oneLine(justification, 1024) }),
    ...(requestedBy && { requestedBy: whoIs(requestedBy) }),
    ...(attachers && { attachers }),
  };
}
