import fc from 'fast-check';
import type { DebugSessionSpec } from '../../../src/api/debugsession.ts';
import type { ContainerState, Terminated } from '../../../src/api/pod.ts';
import type { ActionOutcome } from '../../../src/session/look/actions.ts';
import { currentRun } from '../../../src/session/run/lifecycle.ts';
import { aPod, aStatus } from '../builders/builders.ts';
import { FAULTY_TEXT } from '../builders/faulty-text.ts';
import type { World } from './world.ts';

// What may happen to a session, its pod and its container, as fast-check draws it. A move that is not possible just now
// does nothing.

/** One thing that happens. `words` is what a failing property prints. */
export interface Move {
  words: string;
  run: (world: World) => void;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const WAITING = [
  'ContainerCreating',
  'PodInitializing',
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
];
const MESSAGES = ['', 'pull access denied', 'container has runAsNonRoot and image will run as root', FAULTY_TEXT];
const ENDS: Partial<Terminated>[] = [
  { exitCode: 0 },
  { exitCode: 137, reason: 'Error' },
  { exitCode: 137, reason: 'OOMKilled' },
  { exitCode: 143, reason: 'Error', message: 'Deadline\n' },
  { exitCode: 125, reason: 'Error', message: 'TooLate\n' },
  { exitCode: 127, reason: 'Error', message: 'CommandNotFound' },
  { exitCode: 125, reason: 'Error', message: 'Unsupported' },
  { exitCode: 128, reason: 'StartError', message: FAULTY_TEXT },
  { exitCode: 137, reason: 'ContainerStatusUnknown', message: 'The container could not be located' },
  { exitCode: 1, reason: 'Error', message: FAULTY_TEXT },
];
const TIMES = [1, 999, 5_000, 10_000, 30_000, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 3 * HOUR, 48 * HOUR];
const SKEWS = [0, 0, -HOUR, HOUR, -2_000, 2_000];
const KEPT = ['0s', '10m', '8760h'];
const TTLS = ['1s', '10s', '30m', '4h', '8760h'];

/** The container of the newest run stands in the pod that is there now. */
function stands({ session, pod }: World): boolean {
  const name = currentRun(session)?.debugContainerName;
  return pod?.spec.ephemeralContainers?.some((container) => container.name === name) === true;
}

/** A container that has ended never runs again, and one that ran does not go back to waiting (kuberuntime). */
function says(world: World, state: ContainerState, lastState?: ContainerState): void {
  if (!stands(world)) return;
  const name = world.run.debugContainerName;
  const known = world.pod?.status.ephemeralContainerStatuses?.find((status) => status.name === name);
  if (known?.state?.terminated !== undefined || known?.lastState?.terminated !== undefined) return;
  if (known?.state?.running !== undefined && state.waiting !== undefined) return;
  world.kubelet(state, lastState);
}

const at = (world: World, skew: number): string => new Date(world.now + skew).toISOString();

const KUBELET: fc.Arbitrary<Move>[] = [
  fc.constantFrom(...SKEWS).map((skew) => ({
    words: `starts with a clock ${skew} ms ahead`,
    run: (world) => says(world, { running: { startedAt: at(world, skew) } }),
  })),
  fc.tuple(fc.constantFrom(...WAITING), fc.constantFrom(...MESSAGES)).map(([reason, message]) => ({
    words: `waits: ${reason}`,
    run: (world) => says(world, { waiting: { reason, message } }),
  })),
  fc.tuple(fc.constantFrom(...ENDS), fc.constantFrom(...SKEWS)).map(([end, skew]) => ({
    words: `ends: ${JSON.stringify(end)}, clock ${skew}`,
    run: (world) =>
      says(world, { terminated: { exitCode: 0, startedAt: at(world, skew), finishedAt: at(world, skew), ...end } }),
  })),
  fc.constant({
    words: 'cannot be started',
    run: (world) => says(world, { waiting: { reason: 'RunContainerError', message: 'exec: "sh": not found' } }),
  }),
  fc.constant({
    words: 'could not be started, truth in lastState',
    run: (world) =>
      says(world, { waiting: { reason: 'CrashLoopBackOff' } }, { terminated: { exitCode: 128, reason: 'StartError' } }),
  }),
];

let pods = 1;
const anotherPod = (): ReturnType<typeof aPod> => aPod((pod) => (pod.metadata.uid = `pod-uid-${(pods += 1)}`));

const POD: fc.Arbitrary<Move>[] = [
  fc.boolean().map((seen) => ({
    words: `pod goes, ${seen ? 'seen' : 'unseen'}`,
    run: (world) => world.pod !== undefined && world.podGoes({ seen }),
  })),
  fc.constant({ words: 'pod comes', run: (world) => (world.pod ??= anotherPod()) }),
  fc.constant({ words: 'pod is replaced', run: (world) => world.podIsReplaced(anotherPod()) }),
  fc.constantFrom('Succeeded', 'Failed', 'Running', 'Pending').map((phase) => ({
    words: `pod is ${phase}`,
    // The last phases are final: the kubelet takes none back.
    run: (world) =>
      world.changePod(({ status }) => {
        if (status.phase !== 'Succeeded' && status.phase !== 'Failed') status.phase = phase;
      }),
  })),
  fc.constant({
    words: 'pod is being deleted',
    run: (world) => world.changePod((pod) => (pod.metadata.deletionTimestamp = at(world, 0))),
  }),
  fc.constantFrom({ running: {} }, { waiting: { reason: 'CrashLoopBackOff' } }).map((state) => ({
    words: `target is ${Object.keys(state)[0]}`,
    run: (world) => world.changePod((pod) => (pod.status.containerStatuses = [aStatus('app', state)])),
  })),
  fc.constant({
    words: 'somebody takes the next name',
    run: (world) => world.pod !== undefined && world.inject(world.nextName(), 'somebody'),
  }),
];

/** What the CRD's rules let people do (crds/debugsessions.debugsession.dev.yaml). */
const PEOPLE: fc.Arbitrary<Move>[] = [
  fc.constantFrom(...TTLS).map((ttl) => ({ words: `ttl ${ttl}`, run: (world) => world.edit({ ttl }) })),
  fc.constantFrom(...KEPT).map((ttlAfterFinished) => ({
    words: `ttlAfterFinished ${ttlAfterFinished}`,
    run: (world) => world.edit({ ttlAfterFinished }),
  })),
  fc.constantFrom('busybox:1', 'busybox:2').map((image) => ({
    words: `attempt up with ${image}`,
    run: (world) => {
      const { attempt } = world.session.spec;
      const lives = ['Starting', 'Running', 'Ending'].includes(world.phase ?? '');
      if (attempt < 20 && (!lives || attempt + 1 <= (world.session.status?.attempt ?? 0)))
        world.edit({ attempt: attempt + 1, image, cancel: false });
    },
  })),
  fc.constant({
    words: 'attempt down',
    run: (world) => world.edit({ attempt: Math.max(1, world.session.spec.attempt - 1) }),
  }),
  fc.boolean().map((cancel) => ({ words: `cancel ${cancel}`, run: (world) => world.edit({ cancel }) })),
  fc.constantFrom('Report', 'EvictPod').map((ifUnstoppable) => ({
    words: `ifUnstoppable ${ifUnstoppable}`,
    run: (world) => world.edit({ ifUnstoppable }),
  })),
  fc.constantFrom('Keep', 'Evict').map((podAfterSession) => ({
    words: `podAfterSession ${podAfterSession}`,
    run: (world) => world.edit({ podAfterSession }),
  })),
  fc.constant({ words: 'replace', run: (world) => world.replace() }),
  fc.constant({ words: 'delete', run: (world) => world.delete() }),
];

const OUTCOMES: ActionOutcome[] = [
  { kind: 'asked' },
  { kind: 'told' },
  { kind: 'survived', processes: 1 },
  { kind: 'impossible', message: 'its image has no shell' },
  { kind: 'forbidden', message: 'the operator may not' },
  { kind: 'blocked', message: FAULTY_TEXT },
  { kind: 'unreachable', message: FAULTY_TEXT },
  { kind: 'failed', message: 'HTTP 500' },
];

/** How what is under way went; only of a ttl can be said that it was told. */
function goes(world: World, outcome: ActionOutcome): void {
  const { underWay } = world.actions;
  if (underWay !== undefined && (outcome.kind === 'told') === (underWay === 'Ttl')) world.tried(outcome);
}

const ACTIONS: fc.Arbitrary<Move>[] = [
  fc.constantFrom(...OUTCOMES).map((outcome) => ({
    words: `what is under way goes: ${outcome.kind}`,
    run: (world) => goes(world, outcome),
  })),
  fc.constant({ words: 'the operator dies', run: (world) => (world.actions = { tried: {} }) }),
  fc.constantFrom('containerd://first', 'containerd://second').map((id) => ({
    words: `the container is ${id}, and runs`,
    run: (world) => {
      if (!stands(world)) return;
      world.containerID = id;
      world.starts();
    },
  })),
];

const TIME: fc.Arbitrary<Move>[] = [
  fc.constantFrom(...TIMES).map((ms) => ({ words: `${ms} ms pass`, run: (world) => world.pass(ms) })),
  fc.constant({ words: 'one pass', run: (world) => void world.step() }),
  fc.constant({ words: 'passes to rest', run: (world) => void world.settle() }),
];

/** Any of them; a pass and the kubelet more often than the rest, so that lives go far. */
export const aMove: fc.Arbitrary<Move> = fc.oneof(
  { arbitrary: fc.oneof(...KUBELET), weight: 4 },
  { arbitrary: fc.oneof(...POD), weight: 2 },
  { arbitrary: fc.oneof(...PEOPLE), weight: 2 },
  { arbitrary: fc.oneof(...ACTIONS), weight: 3 },
  { arbitrary: fc.oneof(...TIME), weight: 6 },
);

export const aSpec: fc.Arbitrary<Partial<DebugSessionSpec>> = fc.record(
  {
    target: fc.constantFrom({ podName: 'web-1' }, { podName: 'web-1', containerName: 'app' }),
    ttl: fc.constantFrom(...TTLS),
    startTimeout: fc.constantFrom('1s', '2m', '1h'),
    pendingTimeout: fc.constantFrom('1s', '10m', '8760h'),
    supervisor: fc.constantFrom('Shell' as const, 'None' as const),
    ttlAfterFinished: fc.constantFrom(...KEPT),
    ifUnstoppable: fc.constantFrom('Report' as const, 'EvictPod' as const),
    podAfterSession: fc.constantFrom('Keep' as const, 'Evict' as const),
    notAfter: fc.constantFrom('2026-01-01T12:00:30Z', '2027-01-01T00:00:00Z'),
    command: fc.constantFrom(['sleep', '1d'], ['sh', '-c', 'echo $HOME']),
  },
  { requiredKeys: [] },
);
