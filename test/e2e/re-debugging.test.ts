import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { API_VERSION, type DebugSession, FINALIZER, KIND } from '../../src/api/debugsession.ts';
import { busyboxImage } from '../cluster/image-names.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

let stage: Stage;

/**
 * How a manifest reaches the API server: by hand, from a script, from a GitOps controller. All three are expected to
 * mean the same.
 */
const WAYS = {
  'kubectl apply': { first: ['apply'], then: ['apply'] },
  'kubectl replace': { first: ['create'], then: ['replace'] },
  'kubectl apply --server-side': {
    first: ['apply', '--server-side', '--field-manager=gitops'],
    then: ['apply', '--server-side', '--field-manager=gitops'],
  },
} as const;

beforeAll(async () => {
  stage = await Stage.open('again');
  await Promise.all(['web-0', 'web-1', 'web-2', 'web'].map((name) => stage.runningPod(name, appPod())));
});

afterAll(() => stage.close());

/** After a second, so that no time of the second attempt can be one of the first. */
const ends = { command: ['sh', '-c', 'sleep 1; exit 3'] };
const stays = { command: ['sleep', '600'] };

function manifest(name: string, spec: object): string {
  const defaults = { image: busyboxImage, imagePullPolicy: 'IfNotPresent', ttl: '5m' };
  return JSON.stringify({ apiVersion: API_VERSION, kind: KIND, metadata: { name }, spec: { ...defaults, ...spec } });
}

function conditionTypes(session: DebugSession): string[] | undefined {
  return session.status?.conditions?.map((condition) => condition.type);
}

describe.each(Object.entries(WAYS).map(([way, verbs], index) => ({ way, verbs, index })))(
  '$way',
  ({ verbs, index }) => {
    const name = `session-${index}`;
    const target = { podName: `web-${index}` };
    const send = async (args: readonly string[], spec: object): Promise<string> => {
      const sent = await stage.kubectl([...args, '-f', '-'], manifest(name, { target, ...spec }));
      return sent.code === 0 ? 'accepted' : sent.stderr;
    };
    const resend = (spec: object): Promise<string> => send(verbs.then, spec);
    /** Once the operator has taken note of the last change. */
    const settled = (): Promise<DebugSession> =>
      stage.untilSession(name, ({ status, metadata }) => status?.observedGeneration === metadata.generation);

    let first: DebugSession;
    let second: DebugSession;

    it('a sync of the same manifest after the end starts nothing', async () => {
      expect(await send(verbs.first, ends)).toBe('accepted');
      first = await stage.untilSession(
        name,
        (s) => s.status?.phase === 'Completed' && s.metadata.finalizers === undefined,
      );
      expect(await resend(ends)).toBe('accepted');
      const after = await stage.session(name);
      // Not even a write: nothing of ours stands in the spec, and nothing that the manifest says has changed.
      expect(after.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    });

    it('attempt 2 runs beside the record of attempt 1, and its conditions start anew', async () => {
      expect(conditionTypes(first)).toEqual(['Accepted', 'Injected', 'Running', 'Complete', 'StopConfirmed']);
      expect(await resend({ ...stays, attempt: 2 })).toBe('accepted');
      second = await stage.untilPhase(name, 'Running');
      expect(second.status?.runs).toHaveLength(2);
      expect(second.status?.runs?.[0]).toEqual(first.status?.runs?.[0]);
      expect(second.status?.runs?.[1]).toMatchObject({ attempt: 2, state: 'Running' });
      expect(conditionTypes(second)).toEqual(['Accepted', 'Injected', 'Running']);
      const accepted = second.status?.conditions?.[0]?.lastTransitionTime;
      expect(accepted).toBe(second.status?.runs?.[1]?.intendedAt);
      expect(accepted).not.toBe(first.status?.conditions?.[0]?.lastTransitionTime);
      expect(second.status?.exitCode).toBeUndefined();
    });

    it('a sync of the same manifest while the container runs changes nothing', async () => {
      expect(await resend({ ...stays, attempt: 2 })).toBe('accepted');
      // A replaced object has lost the finalizer with everything else that its manifest does not name.
      const after = await stage.untilSession(name, (s) => s.metadata.finalizers?.includes(FINALIZER) === true);
      expect(after.status).toEqual(second.status);
    });

    it.each([
      ['image', { ...stays, image: 'other:1' }],
      ['command', { command: ['sleep', '601'] }],
      ['env', { ...stays, env: [{ name: 'A', value: 'b' }] }],
      ['profile', { ...stays, profile: 'baseline' }],
      ['securityContext', { ...stays, securityContext: { runAsUser: 7 } }],
      ['supervisor', { ...stays, supervisor: 'None' }],
      ['justification', { ...stays, justification: 'another reason' }],
    ])('the field %s is frozen until the next attempt', async (field, spec) => {
      expect(await resend({ ...spec, attempt: 2 })).toContain(
        `${field} is frozen until the next attempt: raise attempt in the same change`,
      );
    });

    it('the field target never changes', async () => {
      expect(await resend({ ...stays, attempt: 3, target: { podName: 'web' } })).toContain(
        'target is immutable: create another DebugSession for another pod',
      );
    });

    it('an old commit, and the new commit after it, start and end nothing', async () => {
      expect(await resend({ ...ends, attempt: 1 })).toBe('accepted');
      const lowered = await settled();
      expect(lowered.status).toMatchObject({ phase: 'Running', attempt: 2, runs: second.status?.runs });
      expect(await resend({ ...stays, attempt: 2 })).toBe('accepted');
      const again = await settled();
      expect(again.metadata.generation).toBe((lowered.metadata.generation ?? 0) + 1);
      expect(again.status).toMatchObject({ phase: 'Running', attempt: 2, runs: second.status?.runs });
    });

    it('an old commit after the end starts nothing', async () => {
      const container = second.status?.debugContainerName ?? '';
      const ended = await stage.kubectl(['exec', target.podName, `--container=${container}`, '--', 'killall', 'sleep']);
      expect(ended.code).toBe(0);
      const over = await stage.untilSession(
        name,
        (s) => s.status?.phase === 'Completed' && s.metadata.finalizers === undefined,
      );
      expect(await resend({ ...ends, attempt: 1 })).toBe('accepted');
      const lowered = await settled();
      expect(lowered.status).toMatchObject({ phase: 'Completed', attempt: 2, runs: over.status?.runs });
      expect(lowered.metadata.finalizers).toBeUndefined();
    });

    it('the pod has one container for each attempt, and no more', async () => {
      const pod = await stage.pod(target.podName);
      expect(ephemeralNames(pod).sort()).toEqual(second.status?.runs?.map((run) => run.debugContainerName));
    });
  },
);
