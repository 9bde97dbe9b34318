import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Run } from '../../src/api/debugsession.ts';
import { ApiError } from '../../src/kube/api-error.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import { nonrootDebugImage } from '../cluster/image-names.ts';
import { appPod, ephemeralNames, isReady, restrictedPod } from '../support/builders/pods.ts';
import { startReduced } from '../support/cluster/reduced-operator.ts';
import { Stage } from '../support/cluster/stage.ts';

// What the API server refuses is shown in its own words, with what to do where it does not say so itself.

/** The one run of a session that the API server has refused for good: nothing stands in the pod. */
async function refused(stage: Stage, name: string): Promise<Run> {
  const session = await stage.untilPhase(name, 'Failed');
  const run = session.status?.runs?.[0] as Run;
  expect(run).toMatchObject({ state: 'Failed', attempt: 1 });
  expect(run.injectedAt).toBeUndefined();
  expect(session.status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'Injected', status: 'False', reason: run.reason, message: run.message }),
  );
  await stage.until('the finalizer is off', async () => (await stage.session(name)).metadata.finalizers === undefined);
  await stage.until('the story is told', async () => (await stage.events('DebugSession', name)).length >= 2);
  const story = await stage.events('DebugSession', name);
  expect(story.map((event) => event.reason)).toEqual(['Accepted', 'Failed']);
  expect(story[1]?.note).toContain(run.reason);
  expect(ephemeralNames(await stage.pod(run.podName ?? ''))).toEqual([]);
  return run;
}

describe('a namespace with the Pod Security level restricted', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open('restricted', { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } });
    await stage.createPod('web', restrictedPod());
    await stage.untilPod('web', isReady);
  });
  afterAll(() => stage.close());

  it('refuses the profile general, and says which fields it objects to', async () => {
    await stage.createSession('general', { target: { podName: 'web' }, command: ['true'] });
    const run = await refused(stage, 'general');
    expect(run.reason).toBe('PodSecurityDenied');
    expect(run.message).toMatch(/violates PodSecurity "restricted:latest": .*SYS_PTRACE/);
  });

  it('lets the profile restricted in, with an image that is not root', async () => {
    await stage.createSession('restricted', {
      target: { podName: 'web', containerName: 'app' },
      image: nonrootDebugImage,
      profile: 'restricted',
      command: ['sh', '-c', 'exit $(id -u | cut -c1-2)'],
    });
    const ended = await stage.untilPhase('restricted', 'Completed');
    expect(ended.status?.exitCode).toBe(10);
  });
});

describe('an operator that lacks the right to inject', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open('unprivileged', { operator: false });
    await stage.createPod('web', appPod());
    await stage.untilPod('web', isReady);
    await startReduced(stage, { without: ['pods/ephemeralcontainers'] });
  });
  afterAll(() => stage.close());

  it('names the rule that is missing', async () => {
    await stage.createSession('powerless', { target: { podName: 'web' }, command: ['true'] });
    const run = await refused(stage, 'powerless');
    expect(run.reason).toBe('Forbidden');
    expect(run.message).toContain(
      'its role needs {apiGroups: [""], resources: ["pods/ephemeralcontainers"], verbs: ["patch"]}',
    );
    expect(run.message).toMatch(/the API server said: .*cannot patch resource "pods\/ephemeralcontainers"/);
  });
});

describe('an admission policy', () => {
  let stage: Stage;
  const POLICIES = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
  const BINDINGS = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';

  beforeAll(async () => {
    stage = await Stage.open('policed');
    await stage.createPod('web', appPod());
    const { namespace } = stage;
    const resourceRules = [
      { apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['pods/ephemeralcontainers'] },
    ];
    await stage.client.create(POLICIES, {
      metadata: { name: namespace },
      spec: {
        matchConstraints: { resourceRules },
        validations: [{ expression: 'false', message: 'no debugging before the audit, ask Ms Grace' }],
      },
    });
    await stage.client.create(BINDINGS, {
      metadata: { name: namespace },
      spec: {
        policyName: namespace,
        validationActions: ['Deny'],
        matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } },
      },
    });
    await stage.until('the policy is in force', isInForce);
    await stage.untilPod('web', isReady);
  });

  afterAll(async () => {
    await stage.client.delete(`${BINDINGS}/${stage.namespace}`);
    await stage.client.delete(`${POLICIES}/${stage.namespace}`);
    await stage.close();
  });

  /** The API server takes a new policy up within seconds: a dry run tells when. */
  async function isInForce(): Promise<boolean> {
    const path = `${podsPath(stage.namespace)}/web/ephemeralcontainers`;
    const body = { spec: { ephemeralContainers: [{ name: 'probe', image: 'probe' }] } };
    try {
      await stage.client.patch(path, body, { type: 'strategic', query: { dryRun: 'All' } });
      return false;
    } catch (error) {
      return error instanceof ApiError && error.code === 422;
    }
  }

  it('is quoted', async () => {
    await stage.createSession('denied', { target: { podName: 'web' }, command: ['true'] });
    const run = await refused(stage, 'denied');
    expect(run.reason).toBe('AdmissionDenied');
    expect(run.message).toMatch(
      /ValidatingAdmissionPolicy .* denied request: no debugging before the audit, ask Ms Grace$/,
    );
  });
});
