import { afterEach, describe, expect, it } from '@jest/globals';
import type { DebugSession, Run } from '../../../src/api/debugsession.ts';
import type { Pod } from '../../../src/api/pod.ts';
import { Looks, type LooksParts } from '../../../src/reconcile/looks.ts';
import { PodWatches, type PodScope } from '../../../src/reconcile/pod-watches.ts';
import { RunMemory } from '../../../src/reconcile/run-memory.ts';
import { SessionApi } from '../../../src/reconcile/session-api.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import type { Situation } from '../../../src/session/look/situation.ts';
import { never } from '../../../src/session/look/objection.ts';
import { aPod, aSession, NOON } from '../../support/builders/builders.ts';
import { openRules } from '../../support/builders/open-policy.ts';
import { FakeClient } from '../../support/fakes/fake-client.ts';
import { FakeClock, settle } from '../../support/fakes/fake-clock.ts';
import { FakeSource } from '../../support/fakes/fake-source.ts';
import { aControl } from '../../support/fakes/fake-streams.ts';
import { READ_POD } from '../../support/world/reconciler-scene.ts';

// What the operator looks at before it plans, and what it asks the API server for that.

const KEY = 'shop/inspect-web';
const JOB = 'GET /apis/batch/v1/namespaces/shop/jobs/web';
const ofJob = (): DebugSession =>
  aSession({ target: { workloadRef: { apiVersion: 'batch/v1', kind: 'Job', name: 'web' } } });

const aRun = (more: Partial<Run> = {}): Run => ({
  ...{ attempt: 1, state: 'Running', podName: 'web-1', podUID: 'pod-uid-1', debugContainerName: 'debug-1' },
  ...more,
});

function withRuns(...runs: Run[]): DebugSession {
  const attempt = runs.length;
  return aSession({ attempt }, { status: { attempt, phase: 'Running', runs } });
}

class Scene {
  readonly client = new FakeClient();
  readonly clock = new FakeClock(NOON);
  /** What the list of a watch shows; refused: the watch gets no list. */
  listed: Pod[] = [aPod()];
  isRefused = false;
  readonly opened: string[] = [];
  readonly sources: FakeSource[] = [];
  readonly memory = new RunMemory();
  readonly control = aControl(this.clock);
  readonly pods = new PodWatches({
    source: (scope) => this.#source(scope),
    onChange: () => undefined,
    logger: silentLogger,
    clusterWide: false,
    clock: this.clock,
  });
  readonly looks: Looks;

  constructor(parts: Partial<LooksParts> = {}) {
    const api = new SessionApi(this.client);
    const { clock, control, memory, pods } = this;
    const authority: LooksParts['authority'] = () => ({ kind: 'inForce', since: 0 });
    this.looks = new Looks({ api, authority, clock, control, memory, pods, rules: openRules(api), ...parts });
  }

  at(session: DebugSession): Promise<Situation> {
    return this.looks.at(KEY, session, new AbortController().signal, {});
  }

  /** The API server has the pod so. */
  stored(...items: Pod[]): void {
    this.client.on(READ_POD, { items });
  }

  /** How often the pod was read at the API server by its name. */
  get reads(): number {
    return this.client.sent.filter(({ query }) => 'fieldSelector' in query).length;
  }

  #source({ namespace, name }: PodScope): FakeSource {
    this.opened.push(`${namespace}/${name}`);
    const refusal = Object.assign(new Error('forbidden'), { code: 403 });
    const source = new FakeSource(
      this.isRefused ? refusal : { metadata: { resourceVersion: '60' }, items: this.listed },
    );
    this.sources.push(source);
    return source;
  }
}

const scenes: Scene[] = [];
function aScene(parts: Partial<LooksParts> = {}): Scene {
  const scene = new Scene(parts);
  scenes.push(scene);
  return scene;
}

afterEach(async () => {
  await Promise.all(scenes.splice(0).map((scene) => scene.pods.stop()));
});

describe('the watch of a pod', () => {
  it('the operator opens the watch of the pod ahead of its look, and looks through that watch', async () => {
    const scene = aScene();
    scene.looks.ahead(KEY, aSession());
    expect(scene.opened).toEqual(['shop/web-1']);
    expect(await scene.at(aSession())).toMatchObject({ sighting: { kind: 'present' } });
    expect(scene.opened).toEqual(['shop/web-1']);
  });

  it('the operator opens no watch for a session whose workload has no pod yet', async () => {
    const scene = aScene();
    scene.looks.ahead(KEY, ofJob());
    expect(await scene.at(ofJob())).toMatchObject({ sighting: { kind: 'unresolved', reason: 'WorkloadNotFound' } });
    expect(scene.opened).toEqual([]);
  });

  it.each<[string, () => DebugSession]>([
    ['is over', () => withRuns(aRun({ state: 'Ended', exitCode: 0 }))],
    ['looks for a workload next', ofJob],
  ])('the operator closes the watch of the pod for a session that %s', async (_, next) => {
    const scene = aScene();
    await scene.at(aSession());
    expect(scene.pods.size).toBe(1);
    await scene.at(next());
    expect([scene.pods.size, scene.opened]).toEqual([0, ['shop/web-1']]);
  });
});

describe('a pod that a watch does not show', () => {
  it('the operator reads the pod of a live run once, and then looks through the watch', async () => {
    const scene = aScene();
    scene.listed = [];
    scene.stored(aPod((pod) => (pod.metadata.resourceVersion = '65')));
    for (let pass = 0; pass < 2; pass += 1)
      expect(await scene.at(withRuns(aRun()))).toMatchObject({ sighting: { kind: 'present' } });
    expect(scene.reads).toBe(1);
  });

  it('a pod of another uid is not the pod of the run', async () => {
    const scene = aScene();
    scene.listed = [];
    scene.stored(aPod((pod) => Object.assign(pod.metadata, { resourceVersion: '65', uid: 'another' })));
    expect((await scene.at(withRuns(aRun()))).sighting).toEqual({ kind: 'gone' });
  });

  it('the operator does not read a pod that a watch has seen go', async () => {
    const scene = aScene();
    await scene.at(withRuns(aRun()));
    await settle();
    scene.sources[0]?.open.send(
      'DELETED',
      aPod((pod) => (pod.metadata.resourceVersion = '61')),
    );
    await settle();
    const { sighting } = await scene.at(withRuns(aRun()));
    expect(sighting).toMatchObject({ kind: 'gone', last: { metadata: { uid: 'pod-uid-1' } } });
    expect(scene.reads).toBe(0);
  });

  it('the operator does not read a pod whose watch got no list', async () => {
    const scene = aScene();
    scene.isRefused = true;
    const look = scene.at(withRuns(aRun()));
    await scene.clock.advanceAsync(5_000);
    expect((await look).sighting.kind).toBe('unseen');
    expect(scene.reads).toBe(0);
  });

  it('the operator does not read the pod of a workload again that its list has shown', async () => {
    const scene = aScene();
    scene.listed = [];
    scene.client.on(JOB, {
      metadata: { name: 'web', uid: 'job' },
      spec: { selector: { matchLabels: { app: 'web' } } },
    });
    const ownerReferences = [{ kind: 'Job', name: 'web', uid: 'job', controller: true }];
    scene.stored(aPod(({ metadata }) => Object.assign(metadata, { resourceVersion: '65', ownerReferences })));
    expect((await scene.at(ofJob())).sighting.kind).toBe('present');
    const run = aRun({ state: 'Starting' });
    expect((await scene.at({ ...ofJob(), status: { attempt: 1, runs: [run] } })).sighting.kind).toBe('present');
    expect(scene.reads).toBe(0);
  });
});

describe('what this process knows', () => {
  it('a situation has the memory that the container of the run was seen to use', async () => {
    const peak = { attempt: 1, bytes: 5_000_000, samples: 3 };
    const scene = aScene({ samples: { peakOf: () => peak } });
    expect((await scene.at(withRuns(aRun()))).sampled).toEqual(peak);
  });

  it('a situation has what was tried for the run, and for the earlier run beside it', async () => {
    const scene = aScene();
    const earlier = aRun({ state: 'StartedLate', injectedAt: '2026-01-01T12:00:00Z', debugContainerName: 'debug-0' });
    const session = withRuns(earlier, aRun({ attempt: 2 }));
    scene.control.begin(session, { kind: 'stop', run: earlier, route: 'Attach' });
    await settle();
    const { actions, actionsBeside } = await scene.at(session);
    expect([actions, actionsBeside]).toMatchObject([undefined, { tried: { Attach: { outcome: { kind: 'asked' } } } }]);
  });

  it('the operator forgets what it knew of a session that it looks at no more', async () => {
    const scene = aScene();
    const session = withRuns(aRun({ state: 'Starting' }));
    scene.control.begin(session, { kind: 'stop', run: aRun(), route: 'Attach' });
    scene.memory.injected(session, aRun(), NOON);
    scene.memory.refused(session, aRun(), never('Forbidden', 'no'));
    await settle();
    expect(await scene.at(session)).toMatchObject({ injectedAt: NOON, refused: { message: 'no' }, actions: {} });
    scene.looks.release(KEY);
    const known = await scene.at(session);
    for (const part of ['injectedAt', 'refused', 'actions']) expect(known).not.toHaveProperty(part);
  });
});

describe('a pod that has changed', () => {
  const { signal } = new AbortController();

  it('a pod has changed where the API server has another version of it', async () => {
    const scene = aScene();
    const situation = await scene.at(withRuns(aRun()));
    scene.stored(aPod());
    expect(await scene.looks.hasChanged(situation, signal)).toBe(false);
    scene.stored(aPod((pod) => (pod.metadata.resourceVersion = '65')));
    expect(await scene.looks.hasChanged(situation, signal)).toBe(true);
    expect((await scene.at(withRuns(aRun()))).sighting).toMatchObject({ pod: { metadata: { resourceVersion: '65' } } });
  });

  it('a pod that is gone has not changed, and a pod that no watch has shown has', async () => {
    const scene = aScene();
    const situation = await scene.at(withRuns(aRun()));
    scene.stored();
    expect(await scene.looks.hasChanged(situation, signal)).toBe(false);
    scene.stored(aPod());
    expect(await scene.looks.hasChanged({ ...situation, sighting: { kind: 'gone' } }, signal)).toBe(true);
  });
});
