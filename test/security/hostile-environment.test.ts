import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { DebugSessionSpec } from '../../src/api/debugsession.ts';
import type { Terminated } from '../../src/api/pod.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import { containerName, ephemeralContainer } from '../../src/session/container/container.ts';
import { effectiveValues } from '../../src/session/container/effective.ts';
import { DEADLINE } from '../../src/session/container/supervisor.ts';
import { bashImage, busyboxImage, dashImage } from '../cluster/image-names.ts';
import { shellPod } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

// What a requester writes into env, or has in a config map, on a real kubelet: the supervisor and its exec do not
// notice, the command gets all of it.

const images = Object.entries({ busybox: busyboxImage, dash: dashImage, bash: bashImage });
const TTL_SECONDS = 4;

/** The folder holds an `sh` that never ends, in the application that is joined. */
const HOSTILE = {
  ...{ PATH: '/proc/1/root/tmp/planted:/bin:/usr/bin', LD_PRELOAD: '/proc/1/root/tmp/planted/pre.so' },
  ...{ SHELLOPTS: 'noglob', FUNCNEST: '1', ENV: '/tmp/x', BASH_ENV: '/tmp/x', IFS: '0123456789', POSIXLY_CORRECT: 'y' },
};
const ORDINARY = {
  ...{ 'spring.datasource.url': 'jdbc:x', 'my-key': 'a  b', LINES_: 'one\ntwo\n', HOSTNAME: 'mine', EMPTY: '' },
  ...{ DB_PORT: '5432', _up: '1', UID: '7' },
};

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('hostile-environment', { operator: false });
  await stage.runningPod('web', shellPod('sleep 3600'));
  const plant =
    'mkdir /tmp/planted; printf "#!/bin/sh\\nwhile :; do /bin/sleep 1000; done\\n" >/tmp/planted/sh; chmod 755 /tmp/planted/sh';
  await stage.kubectl(['exec', 'web', '--', 'sh', '-c', plant]);
  for (const [name, data] of Object.entries({ hostile: HOSTILE, ordinary: ORDINARY }))
    await stage.client.create(`/api/v1/namespaces/${stage.namespace}/configmaps`, { metadata: { name }, data });
});

afterAll(() => stage.close());

async function ran(wish: Partial<DebugSessionSpec>, joined = false): Promise<{ name: string; terminated: Terminated }> {
  const uid = randomUUID();
  const spec = { target: { podName: 'web' }, attempt: 1, imagePullPolicy: 'IfNotPresent', ...wish } as DebugSessionSpec;
  const startBy = Date.now() + 300_000;
  const container = ephemeralContainer({
    ...{ name: containerName(uid, 1), spec, effective: effectiveValues(spec), sessionUID: 'the-same', attempt: 1 },
    ...(joined && { targetContainerName: 'app' }),
    ...{ startBy, lastMoment: startBy + 3_600_000 },
  });
  const path = `${podsPath(stage.namespace)}/web/ephemeralcontainers`;
  await stage.client.patch(path, { spec: { ephemeralContainers: [container] } }, { type: 'strategic' });
  const find = (pod: {
    status?: { ephemeralContainerStatuses?: { name: string; state?: { terminated?: Terminated } }[] };
  }) => pod.status?.ephemeralContainerStatuses?.find(({ name }) => name === container.name)?.state?.terminated;
  const pod = await stage.untilPod('web', (now) => find(now) !== undefined);
  const terminated = find(pod);
  if (terminated === undefined) throw new Error('it has not ended');
  return { name: container.name, terminated };
}

describe('the supervisor', () => {
  it.each(images)('the supervisor in %s keeps its deadline with any variable in env', async (_shell, image) => {
    const env = Object.entries(HOSTILE).map(([name, value]) => ({ name, value }));
    const command = ['/bin/sleep', '600'];
    const spec = { image, command, ttl: `${TTL_SECONDS}s`, securityContext: { runAsUser: 0 } };
    // A library that is not there is left out by the loader with a word, and the command still runs.
    const { terminated } = await ran({ ...spec, env }, true);
    expect(terminated.message?.trim()).toBe(DEADLINE);
  });

  it.each(images)(
    'the supervisor in %s keeps its deadline with any variable in a config map',
    async (_shell, image) => {
      const envFrom = [{ configMapRef: { name: 'hostile' } }];
      const { terminated } = await ran(
        { image, command: ['/bin/sleep', '600'], ttl: `${TTL_SECONDS}s`, envFrom },
        true,
      );
      expect(terminated.message?.trim()).toBe(DEADLINE);
    },
  );
});

describe('the command', () => {
  it.each(images)(
    'the command in %s has the same environment and words as without a supervisor',
    async (_shell, image) => {
      const spec: Partial<DebugSessionSpec> = {
        image,
        envFrom: [{ configMapRef: { name: 'ordinary' } }, { prefix: 'P_', configMapRef: { name: 'ordinary' } }],
        env: [
          { name: 'my.own', value: '$(DB_PORT) $(P_EMPTY) $(KUBERNETES_SERVICE_HOST) $(NO) $$(DB_PORT)' },
          { name: 'KEY', valueFrom: { configMapKeyRef: { name: 'ordinary', key: 'my-key' } } },
          { name: 'PATH', value: '/bin:/nowhere:$(KEY)' },
        ],
      };
      const seen = async (command: string[], more: Partial<DebugSessionSpec>): Promise<string> => {
        const { name } = await ran({ ...spec, command, ...more });
        return (await stage.logs('web', name)).stdout;
      };
      const environment = ['env', '-0'];
      const words = [
        'printf',
        '%s|',
        '$(KEY)',
        '$(DB_PORT)',
        '$(KUBERNETES_SERVICE_HOST)',
        '$(NO)',
        '$$(KEY)',
        '$(my.own)',
      ];
      for (const command of [environment, words]) {
        const plain = await seen(command, { supervisor: 'None' });
        expect(plain).toContain('a  b');
        const supervised = await seen(command, {});
        expect(supervised.split('\0').sort()).toEqual(plain.split('\0').sort());
      }
    },
  );
});
