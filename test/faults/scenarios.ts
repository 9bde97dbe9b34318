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
