import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { appPod } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('sigterm');
  await stage.runningPod('web', appPod());
});

afterAll(() => stage.close());

it('the operator ends with exit code 0 on SIGTERM, and has logged only JSON', async () => {
  await stage.createSession('stays', { target: { podName: 'web' }, command: ['sleep', '600'], ttl: '5m' });
  await stage.untilPhase('stays', 'Running');
  const operator = stage.operators[0];
  expect(await operator?.stop()).toBe(0);
  expect(operator?.garbage).toEqual([]);
  expect(operator?.lines.at(-1)).toMatchObject({ level: 'info', msg: 'stopped' });
});
