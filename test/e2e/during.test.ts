import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { shellPod } from '../support/builders/pods.ts';
import { Stage, type StoryEvent } from '../support/cluster/stage.ts';
import { UNTIL_TOLD } from '../support/cluster/until-told.ts';

// What happens to a pod while somebody debugs it stands in the record, whoever caused it.

let stage: Stage;

/** Becomes a program that asks for more memory than it may have, when it is told to. */
const GREEDY =
  'if [ -e /data/once ]; then exec sleep 600; fi; until [ -e /data/go ]; do sleep .2; done; touch /data/once';
const EATS = 'exec tail -c 200000000 /dev/zero';

const RESOURCES = { limits: { memory: '64Mi', cpu: '500m' } };

function greedyPod(): object {
  const spec = shellPod(`${GREEDY}; ${EATS}`, { volumes: [{ name: 'data', emptyDir: {} }] }) as {
    containers: object[];
  };
  const volumeMounts = [{ name: 'data', mountPath: '/data' }];
  return { ...spec, containers: spec.containers.map((app) => ({ ...app, resources: RESOURCES, volumeMounts })) };
}

beforeAll(async () => {
  stage = await Stage.open('during');
});

afterAll(() => stage.close());

it('the run records that the application was killed for lack of memory, and one event says so', async () => {
  await stage.runningPod('greedy', greedyPod());
  const volumeMounts = [{ name: 'data', mountPath: '/data' }];
  const command = ['sh', '-c', 'touch /data/go; sleep 600'];
  await stage.createSession('look', { target: { podName: 'greedy' }, volumeMounts, command });
  const seen = await stage.untilSession('look', ({ status }) => status?.runs?.[0]?.during !== undefined);
  expect(seen.status?.phase).toBe('Running');
  expect(seen.status?.runs?.[0]?.during).toMatchObject([{ what: 'OOMKilled', containerName: 'app', exitCode: 137 }]);
  const disturbed = async (): Promise<StoryEvent[]> =>
    (await stage.events('DebugSession', 'look')).filter(({ reason }) => reason === 'PodDisturbed');
  await stage.until('the event is there', async () => (await disturbed()).length > 0);
  const told = await disturbed();
  expect(told.map(({ type, note }) => [type, note.replace(/ at \S+,/, ',')])).toEqual([
    [
      'Warning',
      `While container ${seen.status?.debugContainerName} ran, container app of pod greedy was killed for lack of memory, exit code 137`,
    ],
  ]);
});

it('the kubelet shows the usage of the debug container and the limit of the pod in the metrics of the alerts', async () => {
  const { status } = await stage.session('look');
  const path = `/api/v1/nodes/${status?.nodeName}/proxy/metrics`;
  const series = async (endpoint: string, container: string): Promise<Set<string>> => {
    const { stdout } = await stage.kubectl(['get', '--raw', `${path}/${endpoint}`]);
    const lines = stdout.split('\n').filter((line) => line.includes(`namespace="${stage.namespace}",pod="greedy"`));
    return new Set(
      lines.filter((line) => line.includes(`{container="${container}"`)).map((line) => line.split('{')[0] ?? ''),
    );
  };
  const own = ['container_cpu_usage_seconds_total', 'container_memory_working_set_bytes'];
  const limits = ['container_spec_cpu_period', 'container_spec_cpu_quota', 'container_spec_memory_limit_bytes'];
  await stage.until('the kubelet has measured the session', async () => {
    const seen = await series('resource', status?.debugContainerName ?? '');
    return own.every((name) => seen.has(name));
  });
  await stage.until('the kubelet has measured the pod', async () => {
    const seen = await series('cadvisor', '');
    return limits.every((name) => seen.has(name));
  });
});

it('the run records that its target container ended, and ends with it', async () => {
  await stage.runningPod('ends', shellPod(`${UNTIL_TOLD}; exit 3`));
  const target = { podName: 'ends', containerName: 'app' };
  const command = ['sh', '-c', 'touch /proc/1/root/tmp/end; sleep 600'];
  await stage.createSession('joined', { target, command });
  const over = await stage.untilPhase('joined', 'Completed');
  expect(over.status?.runs?.[0]?.during).toMatchObject([{ what: 'Restarted', containerName: 'app', exitCode: 3 }]);
});

it('the run records that its pod was evicted', async () => {
  await stage.runningPod('moved');
  await stage.createSession('moved', { target: { podName: 'moved' }, command: ['sleep', '600'] });
  await stage.untilPhase('moved', 'Running');
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'moved' } };
  await stage.client.create(`/api/v1/namespaces/${stage.namespace}/pods/moved/eviction`, eviction);
  const over = await stage.untilPhase('moved', 'Completed');
  expect(over.status?.runs?.[0]?.during).toMatchObject([{ what: 'Evicted' }]);
});
