import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { podsPath } from '../../src/reconcile/session-api.ts';
import { busyboxImage, dashImage } from '../cluster/image-names.ts';
import { shellPod } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

// A mutating admission policy of the real API server changes debug containers on their way into the pod.

const POLICIES = '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies';
const BINDINGS = '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings';
let stage: Stage;

/**
 * The image is another where the container asks for user 0; the command where it asks for user 7. Asked again, nothing
 * changes.
 */
const MUTATIONS = [
  ['0', `{op: "replace", path: "/spec/ephemeralContainers/0/image", value: "${dashImage}"}`],
  ['7', '{op: "replace", path: "/spec/ephemeralContainers/0/command", value: ["sleep", "600"]}'],
];

beforeAll(async () => {
  stage = await Stage.open('changed');
  const { namespace } = stage;
  await Promise.all(['image', 'command'].map((pod) => stage.runningPod(pod, shellPod('sleep 600'))));
  const resources = ['pods/ephemeralcontainers'];
  const patch = (user: string, change: string): string =>
    `object.spec.ephemeralContainers[0].?securityContext.?runAsUser.orValue(-1) == ${user} ? [JSONPatch${change}] : []`;
  await stage.client.create(POLICIES, {
    metadata: { name: namespace },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources }],
      },
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      mutations: MUTATIONS.map(([user = '', change = '']) => ({
        patchType: 'JSONPatch',
        jsonPatch: { expression: patch(user, change) },
      })),
    },
  });
  await stage.client.create(BINDINGS, {
    metadata: { name: namespace },
    spec: {
      policyName: namespace,
      matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } },
    },
  });
  await stage.until('it is in force', async () => {
    const probe = { name: 'probe', image: 'probe', securityContext: { runAsUser: 0 } };
    const path = `${podsPath(namespace)}/image/ephemeralcontainers`;
    const dry = { type: 'strategic', query: { dryRun: 'All' } } as const;
    return JSON.stringify(await stage.client.patch(path, { spec: { ephemeralContainers: [probe] } }, dry)).includes(
      dashImage,
    );
  });
});

afterAll(async () => {
  await stage.client.delete(`${BINDINGS}/${stage.namespace}`);
  await stage.client.delete(`${POLICIES}/${stage.namespace}`);
  await stage.close();
});

async function injected(name: string): Promise<string[]> {
  return (await stage.events('DebugSession', name))
    .filter(({ reason }) => reason === 'Injected')
    .map(({ type, note }) => `${type}: ${note}`);
}

it('the operator records and reports an image that admission changed, and the supervisor still works', async () => {
  const securityContext = { runAsUser: 0 };
  const target = { podName: 'image' };
  await stage.createSession('image', { target, image: busyboxImage, securityContext, command: ['true'], ttl: '1m' });
  const { status } = await stage.untilPhase('image', 'Completed');
  expect(status?.runs?.[0]).toMatchObject({
    changed: [`image: ${dashImage}`],
    effective: { supervisor: 'Shell' },
    exitCode: 0,
  });
  expect(await injected('image')).toEqual([
    expect.stringMatching(/^Warning: Injected container .*; admission changed it on its way \(image: .*dash.*\)$/),
  ]);
});

it('the operator ends a container at its deadline when admission has taken its supervisor away', async () => {
  const securityContext = { runAsUser: 7 };
  const target = { podName: 'command' };
  await stage.createSession('command', { target, image: busyboxImage, securityContext, command: ['true'], ttl: '5s' });
  const { status } = await stage.untilSession('command', (session) => session.status?.runs?.[0]?.stop !== undefined);
  expect(status?.runs?.[0]).toMatchObject({
    changed: ['command'],
    effective: { supervisor: 'None' },
    stop: { cause: 'Deadline' },
  });
  expect(status?.runs?.[0]?.lastMoment).toBeUndefined();
  expect(await injected('command')).toEqual([
    expect.stringMatching(/\(command\); its supervisor was taken away, so only the operator ends it$/),
  ]);
  const warnings = (await stage.events('DebugSession', 'command')).map(({ reason }) => reason);
  expect(warnings).toContain('CapabilitiesIdle');
});

it('the operator reports no change for a container that the API server stores as it was sent', async () => {
  const command = ['true'];
  await stage.runningPod('same', shellPod('sleep 600'));
  const env = [{ name: 'EMPTY', value: '' }];
  for (const profile of ['general', 'baseline', 'netadmin', 'sysadmin'] as const) {
    await stage.createSession(profile, { target: { podName: 'same' }, image: busyboxImage, profile, command, env });
    const { status } = await stage.untilPhase(profile, 'Completed');
    expect(status?.runs?.[0]?.changed).toBeUndefined();
  }
});
