import type { Manifest } from './table.ts';

/**
 * A status that the operator (or a bug in it) writes. `message`: what the API server must say; absent: it must accept.
 */
export interface StatusCase {
  what: string;
  status: Manifest;
  message?: string;
}

const CONDITION: Manifest = {
  type: 'Complete',
  status: 'True',
  reason: 'Exited',
  message: '',
  observedGeneration: 1,
  lastTransitionTime: '2026-01-02T03:04:05Z',
};

const RUN: Manifest = {
  attempt: 1,
  state: 'Ended',
  podName: 'web-7c9f',
  podUID: '7b9a5d3e-0a52-4c1c-9d4b-1f2e3d4c5b6a',
  nodeName: 'node-1',
  debugContainerName: 'debug-0123abcd-1',
  specHash: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  effective: {
    ttl: '30m',
    pendingTimeout: '10m',
    startTimeout: '2m',
    profile: 'general',
    supervisor: 'Shell',
    stdin: true,
    tty: true,
  },
  intendedAt: '2026-01-02T03:04:05Z',
  startBy: '2026-01-02T03:07:05Z',
  lastMoment: '2026-01-02T03:37:05Z',
  before: {
    phase: 'Running',
    ready: false,
    containerName: 'app',
    restartCount: 7,
    state: 'waiting',
    reason: 'CrashLoopBackOff',
    exitCode: 1,
    lastTermination: { reason: 'OOMKilled', exitCode: 137, finishedAt: '2026-01-02T03:00:00Z' },
  },
  image: 'docker.io/library/busybox:1.36',
  imageID: 'docker.io/library/busybox@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  injectedAt: '2026-01-02T03:04:06Z',
  startedAt: '2026-01-02T03:04:07Z',
  expiresAt: '2026-01-02T03:34:07Z',
  finishedAt: '2026-01-02T03:10:00Z',
  exitCode: 130,
  signal: 2,
  reason: 'Exited',
  message: 'the command ended with exit code 130',
  endedBy: 'Exec',
  containerID: 'containerd://4f0c0f4a1b2c',
  peakMemory: { bytes: 12_345_678, samples: 4 },
  during: [{ what: 'OOMKilled', containerName: 'app', at: '2026-01-02T03:05:00Z', exitCode: 137 }],
  wantedTtl: '1h',
  stop: { cause: 'Cancelled', requestedAt: '2026-01-02T03:09:58Z', routes: ['Exec', 'Attach', 'Node', 'Eviction'] },
  ranAgain: {
    containerID: 'containerd://5a1d0f4a1b2c',
    seenAt: '2026-01-02T03:11:00Z',
    finishedAt: '2026-01-02T03:11:01Z',
  },
};

function runs(count: number): Manifest[] {
  return Array.from({ length: count }, (_, index) => ({ ...RUN, attempt: Math.min(index + 1, 20) }));
}

export const STATUSES: StatusCase[] = [
  {
    what: 'with every field is accepted',
    status: {
      phase: 'Cancelled',
      reason: 'Cancelled',
      target: 'web-7c9f',
      observedGeneration: 1,
      attempt: 1,
      podName: 'web-7c9f',
      nodeName: 'node-1',
      debugContainerName: 'debug-0123abcd-1',
      attachCommand: 'kubectl attach -n shop web-7c9f -c debug-0123abcd-1 -i -t',
      startedAt: '2026-01-02T03:04:07Z',
      expiresAt: '2026-01-02T03:34:07Z',
      completedAt: '2026-01-02T03:10:00Z',
      exitCode: 130,
      runs: [RUN],
      conditions: [CONDITION],
    },
  },
  { what: 'with twenty runs is accepted', status: { attempt: 20, runs: runs(20) } },
  { what: 'with the longest message is accepted', status: { runs: [{ ...RUN, message: 'x'.repeat(32768) }] } },
  {
    what: 'with a run twice is refused',
    status: { runs: [RUN, RUN] },
    message: 'status.runs[1]: Duplicate value: {"attempt":1}',
  },
  {
    what: 'with a 21st run is refused',
    status: { runs: runs(21) },
    message: 'status.runs: Too many: 21: must have at most 20 items',
  },
  {
    what: 'with a run without number is refused',
    status: { runs: [{ state: 'Ended' }] },
    message: 'status.runs[0].attempt: Required value',
  },
  {
    what: 'with a run in no state is refused',
    status: { runs: [{ attempt: 1 }] },
    message: 'status.runs[0].state: Required value',
  },
  {
    what: 'with an unknown phase is refused',
    status: { phase: 'Done' },
    message: 'status.phase: Unsupported value: "Done"',
  },
  {
    what: 'with an unknown ender is refused',
    status: { runs: [{ ...RUN, endedBy: 'Magic' }] },
    message: 'status.runs[0].endedBy: Unsupported value: "Magic"',
  },
  {
    what: 'with a cause that is none is refused',
    status: { runs: [{ ...RUN, stop: { cause: 'Mood', requestedAt: '2026-01-02T03:09:58Z', routes: [] } }] },
    message: 'status.runs[0].stop.cause: Unsupported value: "Mood"',
  },
  {
    what: 'with a way that was tried twice is refused',
    status: {
      runs: [{ ...RUN, stop: { cause: 'Deleted', requestedAt: '2026-01-02T03:09:58Z', routes: ['Exec', 'Exec'] } }],
    },
    message: 'status.runs[0].stop.routes[1]: Duplicate value: "Exec"',
  },
  {
    what: 'with attempt 21 is refused',
    status: { attempt: 21 },
    message: 'attempt in body should be less than or equal to 20',
  },
  {
    what: 'with a time in no format is refused',
    status: { startedAt: 'now' },
    message: 'status.startedAt: Invalid value: "now": startedAt in body must be of type date-time',
  },
  {
    what: 'with a condition twice is refused',
    status: { conditions: [CONDITION, CONDITION] },
    message: 'status.conditions[1]: Duplicate value: {"type":"Complete"}',
  },
  {
    what: 'with a condition without reason is refused',
    status: { conditions: [{ ...CONDITION, reason: '' }] },
    message: 'conditions[0].reason in body should be at least 1 chars long',
  },
  {
    what: 'with a reason of two words is refused',
    status: { conditions: [{ ...CONDITION, reason: 'Just So' }] },
    message: 'conditions[0].reason in body should match',
  },
];
