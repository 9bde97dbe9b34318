import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { podsPath } from '../../src/reconcile/session-api.ts';
import { containerName, UID_VARIABLE } from '../../src/session/container/container.ts';
import { SUPERVISOR_ENV } from '../../src/session/container/supervisor.ts';
import { busyboxImage } from '../cluster/image-names.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

// Somebody who may inject by hand makes containers that look like those of sessions. None of them is taken for one.

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('lookalikes');
  await stage.runningPod('web', appPod());
});

afterAll(() => stage.close());

/** Injects past the operator, and waits until it runs. */
async function inject(name: string, env: object[] = []): Promise<void> {
  const container = { name, image: busyboxImage, imagePullPolicy: 'IfNotPresent', command: ['sleep', '600'], env };
  const path = `${podsPath(stage.namespace)}/web/ephemeralcontainers`;
  await stage.client.patch(path, { spec: { ephemeralContainers: [container] } }, { type: 'strategic' });
  await untilRunning(name);
}

async function untilRunning(name: string): Promise<void> {
  await stage.untilPod(
    'web',
    ({ status }) =>
      status?.ephemeralContainerStatuses?.some((one) => one.name === name && one.state?.running !== undefined) === true,
  );
}

/** Of a session that ended, the containers of its attempts. */
async function namesOf(session: string, attempts: number): Promise<string[]> {
  const { uid } = (await stage.session(session)).metadata;
  return Array.from({ length: attempts }, (_, index) => containerName(uid, index + 1));
}

const target = { podName: 'web' };
const short = { target, command: ['true'] };

describe('a container with the name of the next attempt', () => {
  it.each<[string, (uid: string) => object[]]>([
    ['alone', () => []],
    ['and the uid of the session in its environment', (uid) => [{ name: UID_VARIABLE, value: uid }]],
  ])(
    'an attempt fails when a container made by hand has its name %s, and that container runs on',
    async (words, env) => {
      const session = words === 'alone' ? 'foreseen' : 'foreseen-with-uid';
      await stage.createSession(session, short);
      const { metadata } = await stage.untilPhase(session, 'Completed');
      const [first, next = ''] = await namesOf(session, 2);
      await inject(next, env(metadata.uid));
      await stage.changeSession(session, { attempt: 2 });
      const { status } = await stage.untilPhase(session, 'Failed');
      expect(status?.runs).toMatchObject([
        { attempt: 1, debugContainerName: first, state: 'Ended' },
        {
          attempt: 2,
          state: 'Failed',
          reason: 'ContainerNameTaken',
          message: `Pod web has an ephemeral container ${next} that does not belong to this session`,
        },
      ]);
      expect(status?.runs?.[1]?.startedAt).toBeUndefined();
      // Neither cancelling nor deleting the session ends what is not its own.
      await stage.deleteSession(session);
      await stage.untilSessionGone(session);
      await untilRunning(next);
    },
  );
});

it('a container made by hand with our prefix runs on while sessions beside it come and go', async () => {
  await inject('debug-0123abcd-1');
  await stage.createSession('beside', { target, command: ['sleep', '600'], ttl: '10m' });
  const { status } = await stage.untilPhase('beside', 'Running');
  expect(status?.runs).toHaveLength(1);
  expect(status?.debugContainerName).not.toBe('debug-0123abcd-1');
  await stage.changeSession('beside', { cancel: true });
  await stage.untilPhase('beside', 'Cancelled');
  await untilRunning('debug-0123abcd-1');
});

it('a container made by hand that claims a session is no run of the session', async () => {
  await stage.createSession('claimed', { target, command: ['sleep', '600'], ttl: '10m' });
  const { metadata } = await stage.untilPhase('claimed', 'Running');
  await inject('debug-fedcba98-1', [{ name: UID_VARIABLE, value: metadata.uid }]);
  await stage.changeSession('claimed', { cancel: true });
  const over = await stage.untilPhase('claimed', 'Cancelled');
  expect(over.status?.runs).toMatchObject([{ debugContainerName: containerName(metadata.uid, 1) }]);
  await untilRunning('debug-fedcba98-1');
});

it('a session cannot give its container the uid of another session', async () => {
  await stage.createSession('other', short);
  const other = (await stage.untilPhase('other', 'Completed')).metadata.uid;
  const env = [UID_VARIABLE, 'DEBUGSESSION_ATTEMPT'].map((name) => ({ name, value: other }));
  await stage.createSession('liar', { target, env, command: ['sh', '-c', `test "$${UID_VARIABLE}" != ${other}`] });
  const { metadata, status } = await stage.untilPhase('liar', 'Completed');
  expect(status?.exitCode).toBe(0);
  const { spec } = await stage.pod('web');
  const found = spec?.ephemeralContainers?.find(({ name }) => name === status?.debugContainerName) as {
    env?: object[];
  };
  expect(found.env).toEqual([
    SUPERVISOR_ENV,
    { name: UID_VARIABLE, value: metadata.uid },
    { name: 'DEBUGSESSION_ATTEMPT', value: '1' },
  ]);
  expect(ephemeralNames(await stage.pod('web'))).toContain(status?.debugContainerName);
});
