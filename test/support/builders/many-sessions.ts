import { API_VERSION, type DebugSession, KIND, type Run } from '../../../src/api/debugsession.ts';
import { toTimestamp } from '../../../src/api/time.ts';

const MINUTE = 60_000;
const REASONS = [
  'INC-4711: checkout answers slowly',
  'A certificate expires',
  'OPS-12: memory grows since the release',
];
const PEOPLE = ['dana@example.com', 'olga@example.com', 'system:serviceaccount:ci:robot', 'kim@example.com'];
const NAMESPACES = ['shop', 'payments', 'search', 'platform', 'ci-runners'];
const POLICIES = ['default', 'production', 'network'];

/** One of the list, by number. */
function pick<T>(list: readonly T[], index: number): T {
  return list[index % list.length] as T;
}

/**
 * So many different sessions of the 30 days before `now`, the same each time: over, live, never started, refused, with
 * several attempts, and with an end that nothing confirms.
 * @param now ms since the epoch
 */
export function manySessions(count: number, now: number): DebugSession[] {
  return Array.from({ length: count }, (_, index) => sessionNumber(index, count, now));
}

function sessionNumber(index: number, count: number, now: number): DebugSession {
  const namespace = pick(NAMESPACES, index * 7 + (index % 11));
  const asked = now - 20 * MINUTE - Math.floor(((count - 1 - index) / Math.max(1, count)) * 30 * 24 * 60) * MINUTE;
  const requestedBy = { username: pick(PEOPLE, index * 3 + (index % 5)) };
  const attempts = index % 17 === 5 ? 2 : 1;
  const isLive = index % 3 !== 1 && asked > now - 60 * MINUTE;
  const runs = Array.from({ length: attempts }, (_, at) =>
    runNumber(index, { attempt: at + 1, asked: asked + at * 12 * MINUTE, isLive, requestedBy }),
  );
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: {
      name: `web-${index.toString(36).padStart(5, 'x')}`,
      namespace,
      uid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      resourceVersion: String(1000 + index),
      generation: 1,
      creationTimestamp: toTimestamp(asked),
    },
    spec: {
      target: { podName: 'web-7c9f', containerName: 'app' },
      image: 'docker.io/library/busybox:1.36',
      attempt: attempts,
      requestedBy,
      justification: pick(REASONS, index),
      policyName: pick(POLICIES, index),
    },
    status: { observedGeneration: 1, phase: isLive ? 'Running' : 'Completed', runs },
  };
}

function runNumber(
  index: number,
  {
    attempt,
    asked,
    isLive,
    requestedBy,
  }: Pick<Run, 'attempt'> & { asked: number; isLive: boolean; requestedBy: { username: string } },
): Run {
  const begun: Run = {
    attempt,
    state: 'Running',
    podName: `web-7c9f6d5b4-${(index % 97).toString(36)}`,
    podUID: 'e53ffc72-7743-4a0e-bb56-a43cbaf27295',
    nodeName: `node-${index % 9}`,
    debugContainerName: `debug-${(index * 7919).toString(16).padStart(8, '0')}-${attempt}`,
    joins: 'app',
    image: 'docker.io/library/busybox:1.36',
    policyName: pick(POLICIES, index),
    allowances: ['TargetContainer'],
    justification: pick(REASONS, index),
    requestedBy,
    intendedAt: toTimestamp(asked),
    startBy: toTimestamp(asked + 3 * MINUTE),
    lastMoment: toTimestamp(asked + 33 * MINUTE),
    ...(index % 6 === 0 && { attachers: [{ kind: 'Group', name: 'sre' }] }),
  };
  if (index % 23 === 7) {
    const message = 'Container debug of pod web-7c9f can never start: InvalidImageName';
    return { ...begun, state: 'Failed', finishedAt: toTimestamp(asked + MINUTE), reason: 'InvalidImageName', message };
  }
  const started: Run = {
    ...begun,
    imageID: 'docker.io/library/busybox@sha256:c2c3de57aba17a505f4edfbfa3016e414c455320f9cfa5d28e1c70c977145a1c',
    injectedAt: toTimestamp(asked),
    startedAt: toTimestamp(asked + 2_000),
    expiresAt: toTimestamp(asked + 30 * MINUTE),
  };
  if (isLive) return started;
  const finishedAt = toTimestamp(asked + (1 + (index % 29)) * MINUTE);
  if (index % 31 === 3) {
    const message = 'The pod went before the kubelet reported the end of the container';
    return {
      ...started,
      state: 'Ended',
      finishedAt,
      podGoneAt: finishedAt,
      endedBy: 'PodGone',
      reason: 'PodGone',
      message,
    };
  }
  if (index % 5 === 2) {
    const message = 'The supervisor ended it after 30m';
    return { ...started, state: 'Ended', finishedAt, exitCode: 129, endedBy: 'Supervisor', reason: 'Expired', message };
  }
  const message = 'The command ended by itself, exit code 0';
  const during: Run['during'] = [{ what: 'Restarted', containerName: 'app', at: finishedAt, exitCode: 137 }];
  return {
    ...started,
    state: 'Ended',
    finishedAt,
    exitCode: 0,
    endedBy: 'Command',
    reason: 'Exited',
    message,
    ...(index % 19 === 1 && { during }),
  };
}
