import { busyboxImage } from '../cluster/image-names.ts';
import { appPod } from '../support/builders/pods.ts';
import { Policies } from '../support/builders/policies.ts';
import type { Stage } from '../support/cluster/stage.ts';
import type { Scenario } from './scenario.ts';

const target = { podName: 'web', containerName: 'app' };
const stays = { target, command: ['sleep', '600'], ttl: '20m' };
const onePod = (stage: Stage): Promise<unknown> => stage.runningPod('web', appPod());

export const inject: Scenario = {
  name: 'inject',
  prepare: onePod,
  play: (stage) => stage.createSession('session', stays),
  settled: (stage) => stage.untilPhase('session', 'Running'),
};

/** The supervisor ends the command when its ttl is over. */
export const expire: Scenario = {
  name: 'expire',
  prepare: onePod,
  play: (stage) => stage.createSession('session', { ...stays, ttl: '5s' }),
  settled: (stage) => untilLetGo(stage, 'Expired'),
};

/** The operator ends a container that runs. */
export const cancel: Scenario = {
  name: 'cancel',
  prepare: onePod,
  play: async (stage) => {
    await runs(stage);
    await stage.changeSession('session', { cancel: true });
  },
  settled: (stage) => untilLetGo(stage, 'Cancelled'),
};

/** The operator ends a container, and nothing is left but what stands in the pod. */
export const remove: Scenario = {
  name: 'delete',
  prepare: onePod,
  play: async (stage) => {
    await runs(stage);
    await stage.deleteSession('session');
  },
  settled: (stage) => stage.untilSessionGone('session'),
};

/** A second attempt beside the record of the first. */
export const debugAgain: Scenario = {
  name: 're-debug',
  prepare: onePod,
  play: async (stage) => {
    await stage.createSession('session', { ...stays, command: ['true'] });
    await untilLetGo(stage, 'Completed');
    await stage.changeSession('session', { attempt: 2, command: stays.command });
  },
  settled: (stage) =>
    stage.untilSession('session', ({ status }) => status?.phase === 'Running' && status.attempt === 2),
};

/** A container runs when its policy does not allow it any more. */
export const revoke: Scenario = {
  name: 'revoke',
  prepare: (stage) =>
    Promise.all([
      onePod(stage),
      policiesOf(stage).create('revokes', { allow: ['TargetContainer'], revokeRunning: true }),
    ]),
  play: async (stage) => {
    const policyName = policiesOf(stage).nameOf('revokes');
    await runs(stage, { policyName });
    await policiesOf(stage).change(policyName, { images: ['docker.io/library/alpine:*'] });
  },
  settled: (stage) => untilLetGo(stage, 'Cancelled'),
  cleanUp: (stage) => policiesOf(stage).close(),
};

/** The policy comes after the session, which waits for it, and does not allow its image. */
export const deny: Scenario = {
  name: 'deny',
  prepare: onePod,
  play: async (stage) => {
    await stage.createSession('session', { ...stays, policyName: policiesOf(stage).nameOf('denies') });
    await stage.untilPhase('session', 'Pending');
    await policiesOf(stage).create('denies', {
      allow: ['TargetContainer'],
      images: ['docker.io/library/alpine:*'],
    });
  },
  settled: (stage) => untilLetGo(stage, 'Failed'),
  cleanUp: (stage) => policiesOf(stage).close(),
};

/**
 * The image comes when the session has been given up, and nothing inside of the container refuses to start: the
 * operator ends it.
 */
export const lateStart: Scenario = {
  name: 'late-start',
  prepare: onePod,
  play: async (stage) => {
    await stage.createSession('session', {
      target: { podName: 'web' },
      image: lateImage(stage),
      imagePullPolicy: 'Never',
      supervisor: 'None',
      command: ['sh', '-c', 'trap "exit 0" HUP; while :; do sleep 1; done'],
      startTimeout: '1s',
    });
    await stage.untilPhase('session', 'Failed');
    await stage.cluster.node?.ctr(['images', 'tag', busyboxImage, lateImage(stage)]);
  },
  settled: (stage) =>
    stage.untilSession(
      'session',
      ({ metadata, status }) => status?.runs?.[0]?.exitCode !== undefined && (metadata.finalizers ?? []).length === 0,
    ),
  cleanUp: async (stage) => stage.cluster.node?.ctr(['images', 'rm', lateImage(stage)]),
};

/** The pod goes by force under a container, so that nobody sees that end, and another one of its name comes. */
export const replacePod: Scenario = {
  name: 'replace-pod',
  prepare: onePod,
  play: async (stage) => {
    await runs(stage);
    await stage.deletePod('web', 0);
    await stage.untilGone(`/api/v1/namespaces/${stage.namespace}/pods`, 'web');
    await onePod(stage);
  },
  settled: (stage) =>
    stage.untilSession(
      'session',
      ({ metadata, status }) => status?.runs?.[0]?.finishedAt !== undefined && (metadata.finalizers ?? []).length === 0,
    ),
};

/** As inject, with a second operator that takes over. */
export const handOver: Scenario = { ...inject, name: 'hand-over', hasStandby: true };

async function runs(stage: Stage, more: { policyName?: string } = {}): Promise<void> {
  await stage.createSession('session', { ...stays, ...more });
  await stage.untilPhase('session', 'Running');
}

/** The session is over, and the operator has no more to do for it. */
function untilLetGo(stage: Stage, phase: string): Promise<unknown> {
  return stage.untilSession(
    'session',
    ({ metadata, status }) => status?.phase === phase && (metadata.finalizers ?? []).length === 0,
  );
}

function lateImage({ namespace }: Stage): string {
  return `localhost/comes/late:${namespace}`;
}

const policies = new WeakMap<Stage, Policies>();

function policiesOf(stage: Stage): Policies {
  const known = policies.get(stage) ?? new Policies(stage);
  policies.set(stage, known);
  return known;
}
