import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { WorkloadKind } from '../../src/api/debugsession.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import { appPod } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('workloads');
});

afterAll(() => stage.close());

const plurals = {
  Deployment: 'apps/v1/deployments',
  StatefulSet: 'apps/v1/statefulsets',
  DaemonSet: 'apps/v1/daemonsets',
  ReplicaSet: 'apps/v1/replicasets',
  Job: 'batch/v1/jobs',
} as const;

interface Workload {
  metadata: { uid: string };
}

async function createWorkload(kind: WorkloadKind, name: string, pod: object = appPod()): Promise<Workload> {
  const [group, version, plural] = plurals[kind].split('/');
  const matchLabels = { app: name };
  const template = { metadata: { labels: matchLabels }, spec: pod };
  const spec = kind === 'Job' ? { template } : { selector: { matchLabels }, template };
  const body = { metadata: { name }, spec };
  return stage.client.create<Workload>(`/apis/${group}/${version}/namespaces/${stage.namespace}/${plural}`, body);
}

function ref(kind: WorkloadKind, name: string) {
  const apiVersion = kind === 'Job' ? ('batch/v1' as const) : ('apps/v1' as const);
  return { workloadRef: { apiVersion, kind, name } };
}

/** The uids of a pod's owner, and of its owner. */
async function owners(pod: RawPod): Promise<(string | undefined)[]> {
  const owner = pod.metadata.ownerReferences?.find((candidate) => candidate.controller === true);
  if (owner?.kind !== 'ReplicaSet') return [owner?.uid];
  const path = `/apis/apps/v1/namespaces/${stage.namespace}/replicasets/${owner.name}`;
  const set = await stage.client.get<{ metadata: RawPod['metadata'] }>(path);
  return [owner.uid, set.metadata.ownerReferences?.[0]?.uid];
}

describe('pods of a workload', () => {
  it.each(Object.keys(plurals) as WorkloadKind[])(
    'a session with a workload of kind %s gets a ready pod of it, and the run records the pod',
    async (kind) => {
      const name = kind.toLowerCase();
      const workload = await createWorkload(kind, name, appPod(kind === 'Job' ? { restartPolicy: 'Never' } : {}));
      // Its pod is not there yet.
      await stage.createSession(name, { target: { ...ref(kind, name), containerName: 'app' }, command: ['true'] });
      const over = await stage.untilPhase(name, 'Completed');
      const [run] = over.status?.runs ?? [];
      const pod = await stage.pod(run?.podName ?? '');
      expect(run?.podUID).toBe(pod.metadata.uid);
      expect(run?.before).toMatchObject({ ready: true, state: 'running' });
      expect(await owners(pod)).toContain(workload.metadata.uid);
      expect(over.status?.podName).toBe(run?.podName);
    },
  );

  it('a session gets only pods that its workload owns, and no other pod with the same label', async () => {
    await createWorkload('Deployment', 'starved', appPod({ nodeSelector: { disk: 'of-diamond' } }));
    await stage.createPod('stray', appPod(), { labels: { app: 'starved' } });
    await stage.untilPod('stray', (pod) => pod.status?.phase === 'Running');
    await stage.createSession('starved', { target: ref('Deployment', 'starved'), command: ['true'] });
    const waiting = await stage.untilPhase('starved', 'Pending');
    const reconciling = waiting.status?.conditions?.find((condition) => condition.type === 'Reconciling');
    expect(reconciling?.reason).toBe('NoReadyPod');
    expect(reconciling?.message).toMatch(/Deployment starved has no ready pod .*name it in target\.podName$/);
  });

  it('a session waits for a workload that is created later', async () => {
    await stage.createSession('early', { target: ref('Deployment', 'late'), command: ['true'] });
    const waiting = await stage.untilPhase('early', 'Pending');
    expect(waiting.status?.conditions).toContainEqual(
      expect.objectContaining({
        type: 'Injected',
        status: 'False',
        reason: 'WorkloadNotFound',
        message: `There is no Deployment late in namespace ${stage.namespace}; waiting for it to appear`,
      }),
    );
    await createWorkload('Deployment', 'late');
    await stage.untilPhase('early', 'Completed');
  });

  it('each attempt chooses a pod of the workload anew', async () => {
    const first = (await stage.session('deployment')).status?.runs?.[0];
    await stage.deletePod(first?.podName ?? '');
    await stage.untilGone(podsPath(stage.namespace), first?.podName ?? '');
    await stage.changeSession('deployment', { attempt: 2 });
    const over = await stage.untilSession(
      'deployment',
      (s) => s.status?.phase === 'Completed' && s.status.attempt === 2,
    );
    expect(over.status?.runs?.[0]).toEqual(first);
    expect(over.status?.runs?.[1]?.podUID).not.toBe(first?.podUID);
  });
});
