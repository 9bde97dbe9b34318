import { API_VERSION, type DebugSession, type DebugSessionSpec, KIND, type Phase } from '../../src/api/debugsession.ts';
import { ApiError } from '../../src/kube/api-error.ts';
import type { RestClient } from '../../src/kube/rest-client.ts';
import { sessionsPath } from '../../src/reconcile/session-api.ts';
import { busyboxImage } from '../cluster/image-names.ts';
import { insist, insistOnDeleting, insistOnMaking } from './insist.ts';
import type { Pods } from './pods.ts';
import type { Sessions } from './sessions.ts';

/** Where sessions live. */
export interface Scene {
  client: RestClient;
  namespace: string;
  sessions: Sessions;
  pods: Pods;
  /** A DebugPolicy that allows no pod with the network of its node, and no image but busybox. */
  policyName: string;
  /** A pod with the network of its node. */
  hostPod: string;
}

/** What people do with one session, and how it has to end. */
export interface Kind {
  words: string;
  /** The containers that it may add to its pod. 0: it needs none of the pods that come and go. */
  containers: number;
  /** @throws Error when it does not come to its end */
  live: (scene: Scene, name: string, podName: string) => Promise<void>;
}

/** Finished sessions go after that: what is stored stays the same from a while on. */
const KEPT = '60s';
const STAYS = ['sleep', '3600'];

async function create(scene: Scene, name: string, spec: Partial<DebugSessionSpec>): Promise<void> {
  const { client, namespace } = scene;
  const defaults = { image: busyboxImage, imagePullPolicy: 'IfNotPresent', ttl: '30m', ttlAfterFinished: KEPT };
  const body = { apiVersion: API_VERSION, kind: KIND, metadata: { name }, spec: { ...defaults, ...spec } };
  await insistOnMaking(() => client.create(sessionsPath(namespace), body));
}

async function change({ client, namespace }: Scene, name: string, spec: Partial<DebugSessionSpec>): Promise<void> {
  await insist(() => client.patch(`${sessionsPath(namespace)}/${name}`, { spec }, { type: 'merge' }));
}

async function remove({ client, namespace }: Scene, name: string): Promise<void> {
  await insistOnDeleting(() => client.delete(`${sessionsPath(namespace)}/${name}`));
}

/** In this phase, with so many runs. @throws Error for another end */
async function untilOver({ sessions }: Scene, name: string, phase: Phase, runs: number): Promise<DebugSession> {
  const over = await sessions.until(name, `ends ${phase}`, (session) => isOver(session, runs));
  const { status } = over ?? {};
  if (over === undefined || status?.phase !== phase || status.runs?.length !== runs)
    throw new Error(`session ${name} ended otherwise than ${phase} with ${runs} runs: ${JSON.stringify(status)}`);
  return over;
}

/** Its last attempt has ended, or it is gone. */
function isOver(session: DebugSession | undefined, runs: number): boolean {
  if (session === undefined) return true;
  return session.status?.completedAt !== undefined && (session.status.runs?.length ?? 0) >= runs;
}

/** By the operator. */
async function untilDenied(scene: Scene, name: string): Promise<void> {
  const { status } = await untilOver(scene, name, 'Failed', 1);
  const reason = status?.conditions?.find(({ type }) => type === 'Failed')?.reason;
  if (reason !== 'PolicyDenied') throw new Error(`session ${name} failed by ${reason}, not PolicyDenied`);
}

async function untilRunning({ sessions }: Scene, name: string): Promise<void> {
  await sessions.until(name, 'runs', (session) => session?.status?.phase === 'Running');
}

const expires: Kind = {
  words: 'runs to its ttl',
  containers: 1,
  async live(scene, name, podName) {
    await create(scene, name, { target: { podName }, command: STAYS, ttl: '12s' });
    await scene.sessions.until(name, 'is there', (session) => session !== undefined);
    await untilOver(scene, name, 'Expired', 1);
  },
};

const completes: Kind = {
  words: 'ends by itself',
  containers: 1,
  async live(scene, name, podName) {
    await create(scene, name, { target: { podName, containerName: 'app' }, command: ['sh', '-c', 'sleep 2; exit 3'] });
    await scene.sessions.until(name, 'is there', (session) => session !== undefined);
    const { status } = await untilOver(scene, name, 'Completed', 1);
    if (status?.exitCode !== 3) throw new Error(`session ${name} has exit code ${status?.exitCode}, not 3`);
  },
};

const cancelled: Kind = {
  words: 'cancelled',
  containers: 1,
  async live(scene, name, podName) {
    await create(scene, name, { target: { podName }, command: STAYS });
    await untilRunning(scene, name);
    await change(scene, name, { cancel: true });
    await untilOver(scene, name, 'Cancelled', 1);
  },
};

const deleted: Kind = {
  words: 'deleted while it runs',
  containers: 1,
  async live(scene, name, podName) {
    await create(scene, name, { target: { podName }, command: STAYS });
    await untilRunning(scene, name);
    await remove(scene, name);
    await scene.sessions.untilGone(name);
  },
};

const deletedEarly: Kind = {
  words: 'deleted at once',
  containers: 1,
  async live(scene, name, podName) {
    await create(scene, name, { target: { podName }, command: STAYS });
    await remove(scene, name);
    await scene.sessions.untilGone(name);
  },
};

const again: Kind = {
  words: 're-debugged',
  containers: 2,
  async live(scene, name, podName) {
    await create(scene, name, { target: { podName }, command: ['sleep', '2'] });
    await scene.sessions.until(name, 'is there', (session) => session !== undefined);
    await untilOver(scene, name, 'Completed', 1);
    await change(scene, name, { attempt: 2, command: STAYS, ttl: '8s' });
    await untilOver(scene, name, 'Expired', 2);
  },
};

const refusedAtRequest: Kind = {
  words: 'refused by the API server',
  containers: 0,
  async live(scene, name) {
    const { policyName, hostPod: podName } = scene;
    const made = create(scene, name, { target: { podName }, policyName, image: 'docker.io/library/nginx:1' });
    const answer = await made.then(
      () => 'it was taken',
      (error: unknown) => error,
    );
    if (answer instanceof ApiError && answer.message.includes('is not allowed')) return;
    // An API server that has just started does not know the DebugPolicies for a moment. Then the operator refuses it.
    await scene.sessions.until(name, `is there (${String(answer)})`, (session) => session !== undefined);
    await untilDenied(scene, name);
  },
};

const refusedByOperator: Kind = {
  words: 'refused by the operator',
  containers: 0,
  async live(scene, name) {
    const { policyName, hostPod: podName } = scene;
    await create(scene, name, { target: { podName }, policyName, command: STAYS });
    await scene.sessions.until(name, 'is there', (session) => session !== undefined);
    await untilDenied(scene, name);
  },
};

const unpullable: Kind = {
  words: 'image that cannot be pulled',
  containers: 1,
  async live(scene, name, podName) {
    const image = 'localhost/nobody/has:this';
    // Its pod goes without a word about the container: the record stays until the container must have ended.
    const times = { startTimeout: '20s', ttl: '30s' };
    await create(scene, name, { target: { podName }, command: STAYS, image, ...times });
    await scene.sessions.until(name, 'is there', (session) => session !== undefined);
    const { status } = await untilOver(scene, name, 'Failed', 1);
    const reason = status?.runs?.[0]?.reason ?? '';
    // On a busy machine the kubelet has not tried within these 20 seconds.
    if (!['ImagePullFailed', 'StartTimeout'].includes(reason)) throw new Error(`session ${name} failed by ${reason}`);
  },
};

/** What ten sessions in a row are, in an order that changes. */
export const ROUND: readonly Kind[] = [
  ...[expires, expires, cancelled, cancelled, completes],
  ...[deleted, deletedEarly, again, refusedByOperator, unpullable],
];

/** Beside them, without an object that anybody would have to end. */
export const REFUSED_AT_REQUEST = refusedAtRequest;
