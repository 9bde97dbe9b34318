import { describe, expect, it } from '@jest/globals';
import { FINALIZER, type DebugSession, type Run } from '../../../src/api/debugsession.ts';
import type { EphemeralContainer } from '../../../src/api/ephemeral-container.ts';
import { ConnectionError } from '../../../src/kube/api-error.ts';
import { Effects, type EffectsParts } from '../../../src/reconcile/effects.ts';
import { EventTeller } from '../../../src/reconcile/event-teller.ts';
import { Places } from '../../../src/reconcile/places.ts';
import { PodWatches } from '../../../src/reconcile/pod-watches.ts';
import { RunMemory } from '../../../src/reconcile/run-memory.ts';
import { SessionApi } from '../../../src/reconcile/session-api.ts';
import { SessionCache } from '../../../src/reconcile/session-cache.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { Store } from '../../../src/runtime/store.ts';
import { UID_VARIABLE } from '../../../src/session/container/container.ts';
import type { Effect } from '../../../src/session/plan/effect.ts';
import { limitReached, placeWanted } from '../../../src/session/start/limits.ts';
import { injected } from '../../../src/session/status/events.ts';
import { aPod, aSession, NOON } from '../../support/builders/builders.ts';
import { anApiError, FakeClient } from '../../support/fakes/fake-client.ts';
import { FakeClock, settle } from '../../support/fakes/fake-clock.ts';
import { FakeSource } from '../../support/fakes/fake-source.ts';
import { aControl, FakeStreams } from '../../support/fakes/fake-streams.ts';
import { DELETE, FINALIZERS, INJECT, KEY, STATUS } from '../../support/world/reconciler-scene.ts';

// One step of a plan at a time, and what the other sessions see of a write that failed.

const LIMITS = { perNamespace: 1 };
const { signal } = new AbortController();
const RUN: Run = {
  attempt: 1,
  state: 'Starting',
  podName: 'web-1',
  podUID: 'pod-uid-1',
  debugContainerName: 'debug-1',
  intendedAt: '2026-01-01T12:00:00Z',
};
const INTENT: Effect = { kind: 'writeStatus', status: { phase: 'Starting', attempt: 1, runs: [RUN] } };

function aContainer(): EphemeralContainer {
  const env = [{ name: UID_VARIABLE, value: aSession().metadata.uid }];
  return { name: 'debug-1', image: 'busybox:1', env } as EphemeralContainer;
}

/** Keeps the options of the patches. */
class Client extends FakeClient {
  readonly options: object[] = [];

  override patch<T>(path: string, body: unknown, options: object = {}): Promise<T> {
    this.options.push(options);
    return super.patch(path, body);
  }
}

/** One session in a namespace that has room for one. */
class Scene {
  readonly client = new Client();
  readonly clock = new FakeClock(NOON);
  readonly store = new Store<DebugSession>();
  readonly notes: string[] = [];
  readonly afresh: (string | undefined)[] = [];
  readonly streams = new FakeStreams();
  readonly places = new Places({ limitsOf: () => LIMITS, wake: () => undefined, clock: this.clock });
  readonly session: DebugSession;
  readonly #effects: Effects;

  constructor(session = aSession()) {
    this.session = session;
    const sessions = new SessionCache();
    sessions.attach(undefined, this.store, () => undefined);
    sessions.followBy((key, followed) => this.places.follow(key, followed));
    this.store.upsert(session);
    const { clock, places } = this;
    const looks: EffectsParts['looks'] = {
      stands: () => Promise.resolve(false),
      afresh: async (_session, { podName }) => {
        this.afresh.push(podName);
        return undefined;
      },
    };
    this.#effects = new Effects({
      ...{ sessions, clock, places, looks },
      pods: new PodWatches({
        source: () => new FakeSource('hang'),
        onChange: () => undefined,
        logger: silentLogger,
        clusterWide: false,
      }),
      api: new SessionApi(this.client),
      eventTeller: new EventTeller({ record: ({ type, note }) => this.notes.push(`${type} ${note}`) }),
      control: aControl(clock, this.streams),
      memory: new RunMemory(),
    });
  }

  perform(effect: Effect): Promise<'done' | 'gone' | 'conflict'> {
    const { session } = this;
    const events = effect.kind === 'inject' ? [injected(effect.run)] : [];
    const situation = { session, sighting: { kind: 'present', pod: aPod() }, now: this.clock.now() } as const;
    return this.#effects.perform(situation, { effect, events }, signal);
  }

  /** Writes the intent of a run, which takes the place before. */
  intend(): Promise<unknown> {
    this.places.claim(this.session, RUN);
    return this.perform(INTENT);
  }

  /** Whether another session finds no place. */
  get isFull(): boolean {
    const other = aSession({}, { metadata: { name: 'other', uid: 'other' } });
    return limitReached(placeWanted(other), LIMITS, this.places.othersFor(other, aPod())) !== undefined;
  }

  /** How many sessions of the requester wait, as another session of that person counts them. */
  get waiting(): number | undefined {
    return this.places.othersFor(aSession({}, { metadata: { name: 'other', uid: 'other' } }), undefined).waiting?.();
  }

  /** The API server stores the session so, in the next version. */
  answer(request: string, change: { metadata?: object; status?: DebugSession['status'] }): void {
    const { metadata, ...rest } = this.session;
    const next = { ...metadata, resourceVersion: '101', ...change.metadata };
    this.client.on(request, { ...rest, ...change, metadata: next });
  }
}

describe('the place of an intent', () => {
  it('an intent that is written takes the place until its run is over', async () => {
    const scene = new Scene();
    scene.answer(STATUS, { status: { phase: 'Starting', attempt: 1, runs: [RUN] } });
    await scene.intend();
    expect(scene.isFull).toBe(true);
    const runs = [{ ...RUN, state: 'Ended' as const, exitCode: 0 }];
    scene.places.follow(KEY, { ...scene.session, status: { phase: 'Completed', attempt: 1, runs } });
    expect(scene.isFull).toBe(false);
  });

  it('an intent that the API server refuses gives the place back at once', async () => {
    const scene = new Scene();
    scene.client.on(STATUS, anApiError(422, 'invalid'));
    await expect(scene.intend()).rejects.toThrow('invalid');
    expect(scene.isFull).toBe(false);
  });

  it.each<[string, () => Error]>([
    ['a fault of the API server', () => anApiError(500, 'no answer')],
    ['a lost connection', () => new ConnectionError('ECONNRESET', 'no answer')],
  ])('an intent keeps the place after %s, also where a later write is refused', async (_, error) => {
    const scene = new Scene();
    scene.client.on(STATUS, error());
    await expect(scene.intend()).rejects.toThrow('no answer');
    expect(scene.isFull).toBe(true);
    scene.client.on(STATUS, anApiError(409, 'changed'));
    expect([await scene.intend(), scene.isFull]).toEqual(['conflict', true]);
    scene.clock.advance(10_000);
    expect(scene.isFull).toBe(false);
  });

  it('a session that was not told to wait does not count as waiting, and a session that waits goes on', async () => {
    for (const [before, after] of [
      [aSession(), 0],
      [aSession({}, { status: { phase: 'Pending' } }), 1],
    ] as const) {
      const scene = new Scene(before);
      scene.client.on(STATUS, anApiError(422, 'invalid'));
      scene.places.claimWait(before);
      await expect(scene.perform({ kind: 'writeStatus', status: { phase: 'Pending' } })).rejects.toThrow('invalid');
      expect(scene.waiting).toBe(after);
    }
  });
});

describe('the answer of a write', () => {
  it('the operator says what to update where the API server keeps nothing of a status', async () => {
    const scene = new Scene();
    scene.answer(STATUS, { metadata: { resourceVersion: '100' } });
    await expect(scene.perform(INTENT)).rejects.toThrow(
      'the API server kept nothing of a new status: the installed resource (crds/) is older than this operator; to update it: kubectl apply -k config/crd',
    );
  });

  it('a deleted session is gone with its last finalizer, also where the answer leaves the empty list out', async () => {
    const metadata = { finalizers: [FINALIZER], deletionTimestamp: '2026-01-01T12:00:00Z' };
    const scene = new Scene(aSession({}, { metadata }));
    scene.answer(FINALIZERS, { metadata: { finalizers: undefined } });
    await scene.perform({ kind: 'removeFinalizer' });
    expect(scene.store.get(KEY)).toBeUndefined();
  });

  it('a record that the finalizer of another client keeps stays known, as it is being deleted', async () => {
    const scene = new Scene();
    scene.answer(DELETE, { metadata: { deletionTimestamp: '2026-01-01T13:00:00Z', finalizers: ['others/one'] } });
    await scene.perform({ kind: 'delete' });
    expect(scene.store.get(KEY)?.metadata.deletionTimestamp).toBe('2026-01-01T13:00:00Z');
  });

  it('a new ttl goes to the container', async () => {
    const scene = new Scene();
    await scene.perform({ kind: 'tellTtl', run: RUN, ttl: '1h' });
    await settle();
    expect(scene.streams.asked).toEqual(['exec debug-1 /bin/sh']);
  });
});

describe('an injection', () => {
  const inject = (more: { resourceVersion?: string } = {}): Effect => ({
    kind: 'inject',
    run: RUN,
    container: aContainer(),
    ...more,
  });
  const beside = { name: 'debug-0', image: 'busybox:0' };

  /** The answer of the API server to an injection: the pod with these debug containers. */
  const withContainers = (...ephemeralContainers: object[]): object => {
    const pod = aPod();
    return { ...pod, spec: { ...pod.spec, ephemeralContainers } };
  };

  it('an injection ends with its signal, and is bound to the version of the pod that the policy judged', async () => {
    const scene = new Scene();
    scene.client.on(INJECT, withContainers(aContainer()));
    await scene.perform(inject({ resourceVersion: '50' }));
    await scene.perform(inject());
    expect(scene.client.sent.map(({ body }) => (body as { metadata: object }).metadata)).toEqual([
      { uid: 'pod-uid-1', resourceVersion: '50' },
      { uid: 'pod-uid-1' },
    ]);
    expect(scene.client.options).toMatchObject([{ signal }, { signal }]);
  });

  it('an injection into a pod that has changed reads the pod again, and comes to the next pass', async () => {
    const scene = new Scene();
    scene.client.on(INJECT, anApiError(409, 'changed'));
    expect(await scene.perform(inject({ resourceVersion: '50' }))).toBe('conflict');
    expect([scene.afresh, scene.notes]).toEqual([['web-1'], []]);
  });

  it('the event of an injection says what admission changed of the container, and of no other', async () => {
    const scene = new Scene();
    scene.client.on(INJECT, withContainers(beside, { ...aContainer(), image: 'mirror/busybox:1' }));
    await scene.perform(inject());
    expect(scene.notes).toEqual([
      expect.stringMatching(/^Warning .*; admission changed it on its way \(image: mirror\/busybox:1\)$/),
    ]);
  });

  it.each<[string, () => object]>([
    ['the container as it was sent', () => withContainers(beside, aContainer())],
    ['no debug container', () => aPod()],
    ['the container of another name', () => withContainers(beside)],
  ])('the event of an injection says nothing of admission where the answer has %s', async (_, answer) => {
    const scene = new Scene();
    scene.client.on(INJECT, answer());
    await scene.perform(inject());
    expect(scene.notes).toEqual([expect.stringMatching(/^Normal (?!.*admission)/)]);
  });
});
