import type { Scenario } from './scenario.ts';
import { appPod } from '../support/builders/pods.ts';
import type { Stage } from '../support/cluster/stage.ts';

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
    await stage.createSession('session', stays);
    await stage.untilPhase('session', 'Running');
    await stage.changeSession('session', { cancel: true });
  },
  settled: (stage) => untilLetGo(stage, 'Cancelled'),
};

/** The operator ends a container, and nothing is left but what stands in the pod. */
export const remove: Scenario = {
  name: 'delete',
  prepare: onePod,
  play: async (stage) => {
    await stage.createSession('session', stays);
    await stage.untilPhase('session', 'Running');
    await stage.deleteSession('session');
  },
  settled: (stage) => stage.untilSessionGone('session'),
};

/** The session is over, and the operator has no more to do for it. */
function untilLetGo(stage: Stage, phase: string): Promise<unknown> {
  return stage.untilSession(
    'session',
    ({ metadata, status }) => status?.phase === phase && (metadata.finalizers ?? []).length === 0,
  );
}
