import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import type { ClusterNode } from '../cluster/cluster.ts';
import { appPod } from '../support/builders/pods.ts';
import { Policies } from '../support/builders/policies.ts';
import { grantPressureRights, withdrawPressureRights } from '../support/cluster/pressure-rights.ts';
import { Stage } from '../support/cluster/stage.ts';

// A kubelet that reports memory pressure. A condition that a test wrote would be overwritten by it within seconds, so
// it gets a soft threshold that no machine keeps: it reports the condition at once, and would evict after an hour.

// The kubelet does not take 100 % for a threshold.
const SOFT = { evictionSoft: { 'memory.available': '99.9%' }, evictionSoftGracePeriod: { 'memory.available': '1h' } };

let stage: Stage;
let policies: Policies;
let node: ClusterNode;
let before: string;

beforeAll(async () => {
  stage = await Stage.open('node-pressure', { operator: false });
  policies = new Policies(stage);
  if (stage.cluster.node === undefined) throw new Error('there is no way to the node');
  node = stage.cluster.node;
  before = readFileSync(node.kubeletConfig, 'utf8');
  await grantPressureRights(stage);
  await stage.startOperator('--check-pressure');
  // A kubelet under memory pressure lets no pod in that has no limits.
  const [app] = (appPod() as { containers: object[] }).containers;
  const resources = { limits: { memory: '64Mi', cpu: '500m' } };
  await stage.runningPod('web', { containers: [{ ...app, resources }] });
  await restartKubelet({ ...(parse(before) as object), ...SOFT });
  await stage.until('the node is under pressure', isUnderPressure);
});

afterAll(async () => {
  await restartKubelet(parse(before) as object);
  await stage.until('the node takes all pods again', async () => (await theNode()).spec.taints === undefined);
  await withdrawPressureRights(stage);
  await policies.close();
  await stage.close();
});

async function restartKubelet(config: object): Promise<void> {
  await node.stopKubelet();
  writeFileSync(node.kubeletConfig, stringify(config));
  await node.startKubelet();
}

interface SeenNode {
  spec: { taints?: object[] };
  status: { conditions: { type: string; status: string }[] };
}

function theNode(): Promise<SeenNode> {
  return stage.client.get<SeenNode>(`/api/v1/nodes/${node.nodeName}`);
}

async function isUnderPressure(): Promise<boolean> {
  const { conditions } = (await theNode()).status;
  return conditions.some(({ type, status }) => type === 'MemoryPressure' && status === 'True');
}

it('a session on a node under pressure starts with a warning that has the words of the kubelet', async () => {
  await stage.createSession('look', { target: { podName: 'web' }, command: ['sleep', '600'] });
  await stage.untilPhase('look', 'Running');
  const pressure = async (): Promise<string[]> =>
    (await stage.events('DebugSession', 'look'))
      .filter(({ reason }) => reason === 'UnderPressure')
      .map(({ type, note }) => `${type} ${note}`);
  await stage.until('the event is there', async () => (await pressure()).length > 0);
  expect(await pressure()).toEqual([
    expect.stringMatching(
      /^Warning Container debug-\S+ .* and node node-1 is under MemoryPressure since \S+Z \(kubelet has insufficient memory available\)$/,
    ),
  ]);
});

it('a policy refuses a session on a node under pressure, and nothing is injected', async () => {
  const policyName = await policies.create('careful', { onPressure: 'Refuse' });
  await stage.createSession('refused', { target: { podName: 'web' }, policyName });
  const { status } = await stage.untilPhase('refused', 'Failed');
  expect(status).toMatchObject({ reason: 'UnderPressure' });
  expect(status?.runs?.[0]?.message).toContain('node node-1 is under MemoryPressure since ');
  expect((await stage.pod('web')).spec?.ephemeralContainers).toHaveLength(1);
});
