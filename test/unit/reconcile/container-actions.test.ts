import { describe, expect, it } from '@jest/globals';
import type { DebugSession, Run, StopRoute } from '../../../src/api/debugsession.ts';
import { ApiError } from '../../../src/kube/api-error.ts';
import type { AttachOptions, ExecOptions, ExecOutcome, Keystroke } from '../../../src/kube/pod-stream.ts';
import {
  type ActionReport,
  ContainerControl,
  type ContainerControlOptions,
} from '../../../src/reconcile/container-control.ts';
import type { PodAddress } from '../../../src/reconcile/session-api.ts';
import { NotLeaderError } from '../../../src/runtime/not-leader-error.ts';
import { effectiveValues } from '../../../src/session/container/effective.ts';
import type { ActionOutcome } from '../../../src/session/look/actions.ts';
import { aSession, NOON } from '../../support/builders/builders.ts';
import { FakeClock, settle } from '../../support/fakes/fake-clock.ts';

// What the operator asks of a container, and how it reads the answers. The stop on the node: stop-on-node.test.ts.

const RUN: Run = {
  ...{ attempt: 1, state: 'Running', podName: 'web-1', podUID: 'pod-uid-1', debugContainerName: 'debug-1' },
  lastMoment: '2026-01-01T13:00:00Z',
};

const exited = (stdout: string, exitCode = 0): ExecOutcome => ({ kind: 'exited', exitCode, stdout, stderr: '' });
const forever = (signal?: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))));

/** A control, and a container that answers as the test says. */
class Scene {
  readonly execs: ExecOptions[] = [];
  readonly attaches: [AttachOptions, string][] = [];
  readonly evicted: PodAddress[] = [];
  readonly reports: ActionReport[] = [];
  readonly done: string[] = [];
  exec: (options: ExecOptions) => Promise<ExecOutcome> = async () => exited('Survived 0\n');
  evict: () => Promise<void> = () => Promise.resolve();
  readonly control: ContainerControl;

  constructor(more: Partial<ContainerControlOptions> = {}) {
    this.control = new ContainerControl({
      streams: {
        exec: (options) => {
          this.execs.push(options);
          return this.exec(options);
        },
        attach: async (options, keys) => {
          this.attaches.push([options, typed(keys)]);
          return { kind: 'typed' };
        },
      },
      evict: (pod) => {
        this.evicted.push(pod);
        return this.evict();
      },
      clock: new FakeClock(NOON),
      onDone: (key) => this.done.push(key),
      onAction: (action) => this.reports.push(action),
      ...more,
    });
  }

  stop(route: StopRoute, { session = aSession(), run = RUN }: { session?: DebugSession; run?: Run } = {}): void {
    this.control.begin(session, { kind: 'stop', run, route });
  }

  /** @returns what became of it */
  async stopped(route: StopRoute, run = RUN): Promise<ActionOutcome | undefined> {
    this.stop(route, { run });
    await settle();
    return this.control.actionsOf(aSession(), run)?.tried[route]?.outcome;
  }

  async told(ttl = '45m', run = RUN): Promise<ActionOutcome | undefined> {
    this.control.begin(aSession(), { kind: 'tellTtl', run, ttl });
    await settle();
    return this.control.actionsOf(aSession(), run)?.tried.Ttl?.outcome;
  }

  /** The shells that were tried. */
  get shells(): (string | undefined)[] {
    return this.execs.map(({ command }) => command[0]);
  }
}

function typed(keys: Iterable<Keystroke>): string {
  return [...keys].map(({ bytes }) => new TextDecoder().decode(bytes)).join('');
}

function named(name: string): DebugSession {
  return aSession({}, { metadata: { name, uid: name } });
}

describe('a stop from inside the container', () => {
  it.each<[string, string, ActionOutcome]>([
    ['that processes live on', 'Survived 3\n', { kind: 'survived', processes: 3 }],
    ['that none lives on', 'Survived 0\n', { kind: 'asked' }],
    ['nothing, because the container ended', '', { kind: 'asked' }],
  ])('the operator reads the answer of the script: %s', async (_, stdout, outcome) => {
    const scene = new Scene();
    scene.exec = async () => exited(stdout, 137);
    expect(await scene.stopped('Exec')).toEqual(outcome);
  });

  it('the operator takes a cut connection for the end of the container, and tries no other shell', async () => {
    const scene = new Scene();
    scene.exec = async () => ({ kind: 'cut', message: 'the stream ended' });
    expect([await scene.stopped('Exec'), scene.shells]).toEqual([{ kind: 'asked' }, ['/bin/sh']]);
  });

  it.each([126, 127])('the operator tries the next shell where a shell ends with %i', async (exitCode) => {
    const scene = new Scene();
    scene.exec = async ({ command }) => (command[0] === '/bin/sh' ? exited('', exitCode) : exited('Survived 2\n', 1));
    expect(await scene.stopped('Exec')).toEqual({ kind: 'survived', processes: 2 });
    expect(scene.shells).toEqual(['/bin/sh', '/bin/busybox']);
  });
});

describe('a new ttl', () => {
  it('the operator gives the container its ttl in seconds, and the last moment of its run', async () => {
    const scene = new Scene();
    scene.exec = async () => exited('Changed\n');
    expect(await scene.told('45m')).toEqual({ kind: 'told' });
    expect(scene.execs).toMatchObject([{ namespace: 'shop', pod: 'web-1', container: 'debug-1', timeoutMs: 15_000 }]);
    const lastMoment = Date.parse('2026-01-01T13:00:00Z') / 1000;
    expect(scene.execs[0]?.command.slice(-2)).toEqual(['2700', String(lastMoment)]);
    expect(scene.control.actionsOf(aSession(), RUN)?.tried.Ttl).toMatchObject({ ttl: '45m' });
  });

  it.each<[string, string, object]>([
    ['has no supervisor', 'NoWatchdog\n', { kind: 'impossible', message: 'its supervisor does not listen' }],
    ['does not answer', 'Unheard\n', { kind: 'failed', message: 'its supervisor did not answer' }],
    ['ends', '', { kind: 'failed', message: 'its supervisor did not answer' }],
    [
      'cannot be told from others',
      'Blind\n',
      { kind: 'impossible', message: expect.stringMatching(/^nothing was signalled/) },
    ],
  ])('the operator says why a container that %s did not take its ttl', async (_, stdout, outcome) => {
    const scene = new Scene();
    scene.exec = async () => exited(stdout, 1);
    expect(await scene.told()).toEqual(outcome);
  });

  it('the operator says that an image without a shell cannot be told of a ttl', async () => {
    const scene = new Scene();
    scene.exec = async () => ({ kind: 'notStarted', message: 'no such file' });
    expect(await scene.told()).toEqual({
      kind: 'impossible',
      message: expect.stringMatching(/^its image has no shell/),
    });
  });

  it('a stop keeps no ttl, and the operator tells a ttl and a stop apart in its report', async () => {
    const scene = new Scene();
    await scene.told();
    await scene.stopped('Exec');
    expect(scene.reports).toMatchObject([
      { session: { metadata: { name: 'inspect-web' } }, run: { attempt: 1 }, kind: 'Ttl', outcome: { kind: 'failed' } },
      { kind: 'Exec', outcome: { kind: 'asked' } },
    ]);
    expect(scene.control.actionsOf(aSession(), RUN)?.tried.Exec).not.toHaveProperty('ttl');
    expect(scene.done).toEqual(['shop/inspect-web', 'shop/inspect-web']);
  });
});

describe('a stop by keys', () => {
  it.each<[string, Partial<Run>, boolean, string]>([
    [
      'Ctrl-C and Ctrl-D into a terminal',
      { effective: effectiveValues({ ...aSession().spec, tty: true, stdin: true }) },
      true,
      '\u0003\u0004\u0003\u0004',
    ],
    [
      'exit where there is no terminal',
      { effective: effectiveValues({ ...aSession().spec, tty: false, stdin: true }) },
      false,
      'exit\n',
    ],
    ['exit where the record has no terminal', {}, false, 'exit\n'],
  ])('the operator types %s', async (_, more, tty, keys) => {
    const scene = new Scene();
    expect(await scene.stopped('Attach', { ...RUN, ...more })).toEqual({ kind: 'asked' });
    expect(scene.attaches).toMatchObject([
      [{ namespace: 'shop', pod: 'web-1', container: 'debug-1', tty, timeoutMs: 10_000 }, keys],
    ]);
  });
});

describe('an eviction', () => {
  const refused = (code: number): ApiError => new ApiError({ code, reason: '', message: 'no' });

  it('the operator asks for the eviction of the pod of the run, by its uid', async () => {
    const scene = new Scene();
    expect(await scene.stopped('Eviction')).toEqual({ kind: 'asked' });
    expect(scene.evicted).toEqual([{ namespace: 'shop', name: 'web-1', uid: 'pod-uid-1' }]);
  });

  it.each<[number, ActionOutcome]>([
    [404, { kind: 'asked' }],
    [409, { kind: 'asked' }],
    [429, { kind: 'blocked', message: 'no' }],
    [500, { kind: 'failed', message: 'no' }],
  ])('an eviction that the API server answers with %i comes to its outcome', async (code, outcome) => {
    const scene = new Scene();
    scene.evict = () => Promise.reject(refused(code));
    expect(await scene.stopped('Eviction')).toEqual(outcome);
  });

  it('an eviction without an answer has failed', async () => {
    const scene = new Scene();
    scene.evict = () => Promise.reject(new Error('reset'));
    expect(await scene.stopped('Eviction')).toEqual({ kind: 'failed', message: 'reset' });
  });
});

describe('actions at the same time', () => {
  it('the operator begins no second action on a run while one is under way', async () => {
    const scene = new Scene();
    scene.exec = ({ signal }) => forever(signal);
    scene.stop('Exec');
    scene.stop('Attach');
    await settle();
    expect([scene.execs.length, scene.attaches.length]).toEqual([1, 0]);
    expect(scene.control.actionsOf(aSession(), RUN)?.underWay).toBe('Exec');
  });

  it('the operator calls a ttl that it tells an action under way', () => {
    const scene = new Scene();
    scene.control.begin(aSession(), { kind: 'tellTtl', run: RUN, ttl: '1h' });
    expect(scene.control.actionsOf(aSession(), RUN)?.underWay).toBe('Ttl');
  });

  it('the operator takes nothing for written while an action is under way', async () => {
    const scene = new Scene();
    scene.exec = ({ signal }) => forever(signal);
    scene.stop('Exec');
    scene.control.settle(aSession(), scene.control.actionsOf(aSession(), RUN));
    expect(scene.control.actionsOf(aSession(), RUN)).not.toHaveProperty('isSaid');
  });

  it('the operator acts on 64 containers at once, and on the next when one is done', async () => {
    const scene = new Scene();
    const ends: (() => void)[] = [];
    scene.exec = () => new Promise((resolve) => ends.push(() => resolve(exited('Survived 0\n'))));
    for (let n = 1; n <= 66; n += 1) scene.stop('Exec', { session: named(`s-${n}`) });
    await settle();
    expect(scene.execs.length).toBe(64);
    ends.shift()?.();
    await settle();
    expect([scene.execs.length, scene.done]).toEqual([65, ['shop/s-1']]);
    for (const end of ends.splice(0)) end();
    await settle();
    for (const end of ends.splice(0)) end();
    await settle();
    expect([scene.execs.length, scene.done.length]).toEqual([66, 66]);
    for (let n = 67; n <= 130; n += 1) scene.stop('Exec', { session: named(`s-${n}`) });
    await settle();
    expect(scene.execs.length).toBe(130);
  });
});

describe('what was tried', () => {
  it('a session that is created anew under its name knows nothing of the earlier session', async () => {
    const scene = new Scene();
    await scene.stopped('Exec');
    expect(scene.control.actionsOf(aSession({}, { metadata: { uid: 'another' } }), RUN)).toBeUndefined();
  });

  it('the operator forgets what it tried for a session that is over', async () => {
    const scene = new Scene();
    await scene.stopped('Exec');
    const seen = scene.control.actionsOf(aSession(), RUN);
    scene.control.forget('shop/inspect-web');
    expect(scene.control.actionsOf(aSession(), RUN)).toBeUndefined();
    expect(() => scene.control.settle(aSession(), seen)).not.toThrow();
  });
});

describe('the end of a term', () => {
  it('an operator that stops breaks off its actions, begins none, and says nothing of them', async () => {
    const scene = new Scene();
    scene.exec = ({ signal }) => forever(signal);
    for (let n = 1; n <= 65; n += 1) scene.stop('Exec', { session: named(`s-${n}`) });
    await settle();
    await scene.control.stop();
    scene.stop('Exec', { session: named('late') });
    await settle();
    expect([scene.execs.length, scene.done, scene.reports]).toEqual([64, [], []]);
    expect(scene.execs.every(({ signal }) => signal?.aborted === true)).toBe(true);
    expect(scene.control.actionsOf(named('s-1'), RUN)).toEqual({ tried: {}, underWay: 'Exec' });
    expect(scene.control.actionsOf(named('late'), RUN)).toBeUndefined();
  });

  it('an operator that does not lead any more says nothing of what it could not send', async () => {
    const scene = new Scene();
    scene.exec = () => Promise.reject(new NotLeaderError('not sent'));
    expect([await scene.stopped('Exec'), scene.done, scene.reports]).toEqual([undefined, [], []]);
  });
});

describe('a stop on the node', () => {
  it.each<[string, Partial<Run>, (() => Promise<ActionOutcome>) | undefined]>([
    ['the record names no node', {}, async () => ({ kind: 'asked' })],
    ['the operator has no way to nodes', { nodeName: 'n1' }, undefined],
  ])('a stop on the node is impossible where %s', async (_, more, stopOnNode) => {
    const scene = new Scene(stopOnNode && { stopOnNode });
    const run = { ...RUN, ...more, containerID: `containerd://${'ab'.repeat(32)}` };
    expect(await scene.stopped('Node', run)).toMatchObject({ kind: 'impossible' });
  });
});
