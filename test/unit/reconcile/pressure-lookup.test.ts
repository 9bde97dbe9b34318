import { describe, expect, it } from '@jest/globals';
import { ApiError, ConnectionError } from '../../../src/kube/api-error.ts';
import { PodUsages } from '../../../src/reconcile/pod-usage.ts';
import { PressureLookup } from '../../../src/reconcile/pressure-lookup.ts';
import type { NodeCondition, PodMetrics } from '../../../src/reconcile/session-api.ts';
import type { PressureLook } from '../../../src/session/look/pressure.ts';
import type { Pod } from '../../../src/api/pod.ts';
import { aPod } from '../../support/builders/builders.ts';
import { FakeClock } from '../../support/fakes/fake-clock.ts';

const AT = '2026-01-01T12:00:00Z';
const SINCE = '2026-01-01T11:00:00Z';
const refused = (code: number, name = ''): ApiError =>
  new ApiError({ code, reason: '', message: 'no', details: { name } });

const FULL: NodeCondition[] = [
  { type: 'Ready', status: 'True' },
  { type: 'MemoryPressure', status: 'True', lastTransitionTime: SINCE, message: 'full' },
  { type: 'DiskPressure', status: 'False' },
  { type: 'PIDPressure', status: 'Unknown' },
];
const USED: PodMetrics = {
  timestamp: AT,
  containers: [
    { name: 'app', usage: { cpu: '1500000n', memory: '1Ki' } },
    { name: 'debug-1', usage: { cpu: '2m', memory: '2Ki' } },
  ],
};

/** An API server of which the requests are counted. */
class Scene {
  readonly clock = new FakeClock();
  readonly asked: string[] = [];
  node: () => NodeCondition[] | Promise<NodeCondition[]> = () => FULL;
  metrics: () => PodMetrics = () => USED;
  readonly lookup: PressureLookup;

  constructor() {
    const api = {
      nodeConditions: async (name: string): Promise<NodeCondition[]> => {
        this.asked.push(`node ${name}`);
        return this.node();
      },
      podMetrics: async (namespace: string, name: string): Promise<PodMetrics> => {
        this.asked.push(`metrics ${namespace}/${name}`);
        return this.metrics();
      },
    };
    const { clock } = this;
    this.lookup = new PressureLookup({ api, usages: new PodUsages(api, clock), clock });
  }

  look({ namespace = 'shop', name = 'web', nodeName = 'n1' } = {}): Promise<PressureLook> {
    return this.lookAt((one) => {
      Object.assign(one.metadata, { namespace, name });
      one.spec.nodeName = nodeName;
    });
  }

  lookAt(change: (pod: Pod) => void): Promise<PressureLook> {
    const pod = aPod(change);
    return this.lookup.look(pod, new AbortController().signal);
  }

  /** What is asked from now on. */
  async askedBy(act: () => Promise<unknown>): Promise<string[]> {
    this.asked.length = 0;
    await act();
    return [...this.asked];
  }
}

const throwing = (error: Error) => (): never => {
  throw error;
};

describe('a look at the place of a run', () => {
  it('a look shows the pressure of the node, and the sum of the use of the containers', async () => {
    expect(await new Scene().look()).toEqual({
      node: [{ type: 'MemoryPressure', since: SINCE, message: 'full' }],
      use: { at: AT, memory: 3072, cpu: 3.5 },
    });
  });

  it('a look asks for a node once in 5 s for all sessions, and for each pod', async () => {
    const scene = new Scene();
    const { promise, resolve } = Promise.withResolvers<NodeCondition[]>();
    scene.node = () => promise;
    const looks = [scene.look(), scene.look({ name: 'db' }), scene.look({ nodeName: 'n2' })];
    resolve(FULL);
    await Promise.all(looks);
    expect(scene.asked.sort()).toEqual([
      'metrics shop/db',
      'metrics shop/web',
      'metrics shop/web',
      'node n1',
      'node n2',
    ]);
    scene.clock.advance(4_999);
    expect(await scene.askedBy(() => scene.look())).toEqual(['metrics shop/web']);
    scene.clock.advance(1);
    expect(await scene.askedBy(() => scene.look())).toContain('node n1');
  });

  it.each([
    ['without the right', refused(403)],
    ['where the API server is in trouble', refused(500)],
    ['where nothing answers in time', new ConnectionError('ETIMEDOUT', 'late')],
  ])('a look says nothing of nodes %s, and asks again a minute later', async (_, error) => {
    const scene = new Scene();
    scene.node = throwing(error);
    expect(await scene.look()).toEqual({ use: expect.anything() });
    scene.clock.advance(59_999);
    scene.node = () => FULL;
    expect(await scene.askedBy(() => scene.look({ nodeName: 'n2' }))).toEqual(['metrics shop/web']);
    scene.clock.advance(1);
    expect(await scene.look()).toHaveProperty('node');
  });

  it('a look of an operator that has run for an hour asks for a node once in 5 s as well', async () => {
    const scene = new Scene();
    scene.clock.advance(3_600_000);
    await scene.look();
    expect(await scene.askedBy(() => scene.look({ name: 'other' }))).toEqual(['metrics shop/other']);
  });

  it('a look at a pod without a node asks for no node', async () => {
    const scene = new Scene();
    const look = (): Promise<PressureLook> => scene.lookAt((pod) => delete pod.spec.nodeName);
    expect(await scene.askedBy(look)).toEqual(['metrics shop/web-1']);
  });

  it('a look asks again for a node that was gone', async () => {
    const scene = new Scene();
    scene.node = throwing(refused(404, 'n1'));
    await scene.look();
    scene.node = () => FULL;
    expect(await scene.look()).toHaveProperty('node');
  });

  it('a look says neither since when nor why where the node does not', async () => {
    const scene = new Scene();
    scene.node = () => [{ type: 'DiskPressure', status: 'True' }];
    expect((await scene.look()).node).toStrictEqual([{ type: 'DiskPressure' }]);
  });

  it('a look has no use of a container where the metrics name none', async () => {
    const scene = new Scene();
    scene.metrics = () => ({ timestamp: AT, containers: [] });
    expect((await scene.look()).use).toEqual({ at: AT, memory: 0, cpu: 0 });
  });

  it('a look says nothing of a node that is gone, and still asks for others', async () => {
    const scene = new Scene();
    scene.node = throwing(refused(404, 'n1'));
    expect(await scene.look()).not.toHaveProperty('node');
    scene.node = () => FULL;
    expect(await scene.look({ nodeName: 'n2' })).toHaveProperty('node');
  });

  it.each([
    ['is not installed', refused(404)],
    ['has no server behind it', refused(503)],
    ['does not answer in time', new ConnectionError('ETIMEDOUT', 'late')],
  ])('a look leaves the metrics API of all namespaces alone for a minute when it %s', async (_, error) => {
    const scene = new Scene();
    scene.metrics = throwing(error);
    expect(await scene.look()).not.toHaveProperty('use');
    scene.metrics = () => USED;
    scene.clock.advance(59_999);
    expect(await scene.askedBy(() => scene.look({ namespace: 'bank' }))).not.toContain('metrics bank/web');
    scene.clock.advance(1);
    expect(await scene.look()).toHaveProperty('use');
  });

  it('a look leaves the metrics of one namespace alone where the right is missing', async () => {
    const scene = new Scene();
    scene.metrics = throwing(refused(403));
    await scene.look();
    scene.metrics = () => USED;
    expect(await scene.look()).not.toHaveProperty('use');
    expect(await scene.look({ namespace: 'bank' })).toHaveProperty('use');
  });

  it('a look says nothing of a pod without a sample, and asks again for the next session', async () => {
    const scene = new Scene();
    scene.metrics = throwing(refused(404, 'shop/web'));
    expect(await scene.look()).not.toHaveProperty('use');
    scene.metrics = () => USED;
    expect(await scene.look()).toHaveProperty('use');
  });

  it.each([
    ['no sample', {}],
    ['no containers', { timestamp: AT }],
    ['a time that is no text', { timestamp: 5, containers: [] }],
  ])('a look treats %s as no use', async (_, answer) => {
    const scene = new Scene();
    scene.metrics = () => answer as PodMetrics;
    expect(await scene.look()).not.toHaveProperty('use');
  });

  it('a look leaves out a container whose use is no quantity', async () => {
    const scene = new Scene();
    const odd = [
      { cpu: 'much', memory: '1' },
      { cpu: '1', memory: 'much' },
    ].map((usage) => ({ name: 'odd', usage }));
    const containers = [{ name: 'a' }, ...odd, ...(USED.containers ?? [])];
    scene.metrics = () => ({ ...USED, containers });
    expect((await scene.look()).use).toEqual({ at: AT, memory: 3072, cpu: 3.5 });
  });
});
