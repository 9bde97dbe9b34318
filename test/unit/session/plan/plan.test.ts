import { describe, expect, it } from '@jest/globals';
import { parseDuration } from '../../../../src/api/duration.ts';
import { toTimestamp } from '../../../../src/api/time.ts';
import { hasGuard, isGuarded } from '../../../../src/session/run/lifecycle.ts';
import { intended } from '../../../support/world/lives.ts';
import { World } from '../../../support/world/world.ts';
import { ARRIVED_MS, aStatus } from '../../../support/builders/builders.ts';

describe('a session from its creation to its end', () => {
  it('a session that runs to its deadline costs six writes and three events', () => {
    const world = World.running({ ttl: '30s' });
    expect(world.phase).toBe('Running');
    world.pass(30_000);
    world.ends({ exitCode: 129, reason: 'Error', message: 'Deadline\n' });
    world.settle();
    const name = world.run.debugContainerName;
    expect(world.effects).toEqual([
      'addFinalizer',
      'status Starting',
      `inject ${name}`,
      'status Running',
      'status Expired',
      'removeFinalizer',
    ]);
    expect(world.told).toEqual(['Injected', 'Started', 'Ended']);
    expect(world.run).toMatchObject({ endedBy: 'Supervisor', exitCode: 129, reason: 'Expired', state: 'Ended' });
    expect([world.condition('Complete'), world.condition('StopConfirmed')]).toEqual([
      'True Expired',
      'True Terminated',
    ]);
    expect(world.settle()).toBeUndefined();
  });

  it('a session is Completed when its command ends by itself with any exit code', () => {
    const world = World.running();
    world.ends({ exitCode: 3, reason: 'Error' });
    world.settle();
    expect([world.phase, world.run.endedBy, world.session.status?.exitCode]).toEqual(['Completed', 'Command', 3]);
  });

  it('a session whose container ends before the operator sees it run is Completed', () => {
    const world = new World({ command: ['true'] });
    world.settle();
    world.ends();
    world.settle();
    expect([world.phase, world.told]).toEqual(['Completed', ['Injected', 'Ended']]);
  });

  it('the run records the pod as it was before the injection', () => {
    const world = new World();
    const status = aStatus(
      'app',
      { waiting: { reason: 'CrashLoopBackOff' } },
      { restartCount: 7, lastState: { terminated: { exitCode: 3, reason: 'Error' } } },
    );
    world.pod?.status.containerStatuses?.splice(0, 1, status);
    world.settle();
    expect(world.run.before).toEqual({
      phase: 'Running',
      ready: true,
      containerName: 'app',
      restartCount: 7,
      state: 'waiting',
      reason: 'CrashLoopBackOff',
      lastTermination: { exitCode: 3, reason: 'Error' },
    });
  });
});

describe('a session that waits for its pod', () => {
  it('a session that waits for one reason costs one write although the message changes', () => {
    const world = new World({ target: { podName: 'web-1', containerName: 'app' } });
    world.pod?.status.containerStatuses?.splice(0, 1, aStatus('app', { waiting: { reason: 'CrashLoopBackOff' } }));
    world.settle();
    world.pod?.status.containerStatuses?.splice(0, 1, aStatus('app', { terminated: { exitCode: 1 } }));
    world.pass(1_000);
    world.settle();
    expect([world.effects, world.condition('Injected')]).toEqual([
      ['addFinalizer', 'status Pending', 'removeFinalizer'],
      'False TargetContainerNotRunning',
    ]);
  });

  it('a session that waits for its pod has no guard until the pod comes', () => {
    const world = new World();
    const { pod } = world;
    world.pod = undefined;
    world.settle();
    expect([world.phase, hasGuard(world.session)]).toEqual(['Pending', false]);
    world.pod = pod;
    world.settle();
    expect(isGuarded(world.session)).toBe(true);
    expect(world.effects.slice(-3)).toEqual([
      'addFinalizer',
      'status Starting',
      `inject ${world.run.debugContainerName}`,
    ]);
  });

  it('a session that waits for its pod fails at pendingTimeout, counted from its acceptance', () => {
    const world = new World({ pendingTimeout: '1m' });
    world.podGoes({ seen: false });
    expect(world.settle()).toBe(60_999);
    world.pass(61_000);
    world.settle();
    expect([world.phase, world.condition('Failed')]).toEqual(['Failed', 'True PendingTimeout']);
    expect(world.message('Failed')).toMatch(/Waited 1m: There is no pod web-1 in namespace shop/);
    expect(world.condition('StopConfirmed')).toBe('True NothingToStop');
  });

  it('a session that waits for its pod starts when the pod comes', () => {
    const world = new World();
    const { pod } = world;
    world.podGoes({ seen: false });
    world.settle();
    world.pod = pod;
    world.settle();
    expect([world.phase, world.told]).toEqual(['Starting', ['Accepted', 'Injected']]);
  });

  it('a session that waits for its pod fails at notAfter', () => {
    const world = new World({ notAfter: '2026-01-01T12:00:30Z' });
    world.podGoes({ seen: false });
    expect(world.settle()).toBe(30_001);
    world.pass(30_001);
    world.settle();
    expect([world.phase, world.condition('Accepted'), world.told]).toEqual([
      'Failed',
      'False Lapsed',
      ['Accepted', 'Rejected'],
    ]);
  });

  it('a session that names an unknown target container fails at once', () => {
    const world = new World({ target: { podName: 'web-1', containerName: 'nope' } });
    world.settle();
    expect([world.phase, world.effects, world.run.reason]).toEqual([
      'Failed',
      ['addFinalizer', 'status Failed', 'removeFinalizer'],
      'TargetContainerNotFound',
    ]);
  });
});

describe('a session between its intent and its injection', () => {
  it('the operator repeats the same injection after a crash', () => {
    const world = intended();
    const [one, other] = [world.look(), world.look()];
    expect(one.effect.kind).toBe('inject');
    expect(other).toEqual(one);
  });

  it('the operator does not inject into another pod of the same name', () => {
    const world = intended();
    if (world.pod) world.pod.metadata.uid = 'another';
    world.settle();
    expect([world.phase, world.run.reason, world.effects.some((effect) => effect.startsWith('inject'))]).toEqual([
      'Failed',
      'PodReplaced',
      false,
    ]);
  });

  it('a run fails with SpecChanged when the spec changes between the intent and the injection', () => {
    const world = intended();
    world.edit({ image: 'evil' });
    world.settle();
    // The injection of an operator that has died since may be under way still.
    expect([world.phase, world.run.reason]).toEqual(['Starting', undefined]);
    world.pass(ARRIVED_MS);
    world.settle();
    expect([world.phase, world.run.reason]).toEqual(['Failed', 'SpecChanged']);
  });

  it('a run fails with StartTimeout when the operator was away for too long after the intent', () => {
    const world = intended();
    world.pass(parseDuration('2m1s'));
    world.settle();
    expect([world.phase, world.run.reason]).toEqual(['Failed', 'StartTimeout']);
  });

  it('a run fails with ContainerNameTaken where the container under its name is of another user', () => {
    const world = intended();
    world.inject(world.run.debugContainerName ?? '', 'somebody');
    world.settle();
    expect([world.phase, world.run.reason]).toEqual(['Failed', 'ContainerNameTaken']);
  });

  it('the operator does not inject for a session that is deleted after its intent', () => {
    const world = intended();
    world.delete();
    // An injection that an operator sent before it died may still arrive.
    expect([world.settle(), world.gone]).toEqual([35_999, false]);
    world.pass(35_999);
    world.settle();
    expect(world.effects).toEqual(['addFinalizer', 'status Starting', 'removeFinalizer']);
    expect(world.gone).toBe(true);
  });
});

describe('a container that starts', () => {
  function injected(spec = {}): World {
    const world = new World(spec);
    world.settle();
    return world;
  }

  const KUBELET: [reason: string, message: string, expected: string, atOnce: boolean][] = [
    ['ErrImagePull', 'pull access denied', 'ImagePullFailed', false],
    ['ImagePullBackOff', 'Back-off pulling', 'ImagePullFailed', false],
    ['ErrImageNeverPull', 'not present', 'ImagePullFailed', false],
    ['InvalidImageName', 'invalid reference format', 'InvalidImageName', true],
    [
      'CreateContainerConfigError',
      'container has runAsNonRoot and image will run as root',
      'ContainerConfigError',
      true,
    ],
    [
      'CreateContainerConfigError',
      'container\'s runAsUser breaks non-root policy (pod: "web_default(1)", container: debug-1)',
      'ContainerConfigError',
      true,
    ],
    ['CreateContainerConfigError', 'configmap "x" not found', 'ContainerConfigError', false],
    [
      'CreateContainerError',
      'invalid target container: container "a" is not running',
      'TargetContainerNotRunning',
      false,
    ],
    ['CreateContainerError', 'name conflict', 'StartError', false],
    // Without a lastState nobody has seen it end: the runtime may start it all the same.
    ['RunContainerError', 'context deadline exceeded', 'StartError', false],
    ['ContainerCreating', '', 'StartTimeout', false],
  ];

  it.each(KUBELET)('the reason %s (%s) fails the run with %s, at once: %s', (reason, message, expected, atOnce) => {
    const world = injected();
    world.waits(reason, message);
    world.settle();
    expect(world.phase === 'Failed').toBe(atOnce);
    world.pass(parseDuration('2m1s'));
    world.settle();
    expect([world.phase, world.run.reason]).toEqual(['Failed', expected]);
  });

  it('the status says once why a container takes long to start', () => {
    const world = injected();
    world.pass(6_000);
    world.waits('ErrImagePull', 'pull access denied');
    world.settle();
    world.waits('ImagePullBackOff', 'Back-off pulling image (10 s)');
    world.pass(6_000);
    world.settle();
    expect(world.effects.slice(-1)).toEqual(['status Starting']);
    expect([world.condition('Injected'), world.condition('Reconciling')]).toEqual([
      'True Injected',
      'True ImagePullFailed',
    ]);
    expect(world.message('Reconciling')).toBe('pull access denied');
  });

  it('the operator reads lastState.terminated of a container that could not start', () => {
    const world = injected();
    const terminated = {
      exitCode: 128,
      reason: 'StartError',
      message: 'exec: "sh": executable file not found in $PATH',
    };
    world.kubelet({ waiting: { reason: 'CrashLoopBackOff' } }, { terminated });
    world.settle();
    expect([world.phase, world.run.reason, world.run.exitCode]).toEqual(['Failed', 'CommandNotFound', 128]);
    expect(world.message('Failed')).toMatch(/the image seems to have no sh/);
  });

  it('the operator recognizes a target that ended before the container could join its process namespace', () => {
    const world = injected();
    const message = 'runc create failed: namespace path: lstat /proc/13627/ns/pid: no such file or directory';
    world.kubelet(
      { waiting: { reason: 'RunContainerError' } },
      { terminated: { exitCode: 128, reason: 'StartError', message } },
    );
    world.settle();
    expect([world.phase, world.run.reason]).toEqual(['Failed', 'TargetContainerNotRunning']);
    expect(world.message('Failed')).not.toMatch(/no sh/);
  });

  it.each([
    ['TooLate', 'TooLate', 125],
    ['CommandNotFound', 'CommandNotFound', 127],
    ['Unsupported', 'SupervisorUnsupported', 125],
  ])('the operator reads the supervisor word %s as a failed start', (word, reason, exitCode) => {
    const world = injected();
    const late = Date.parse(world.run.startBy ?? '') + 1_000;
    const times = word === 'TooLate' ? { startedAt: toTimestamp(late), finishedAt: toTimestamp(late) } : {};
    world.ends({ exitCode, reason: 'Error', message: `${word}\n`, ...times });
    world.settle();
    expect([world.phase, world.run.reason, world.condition('StopConfirmed')]).toEqual([
      'Failed',
      reason,
      'True Terminated',
    ]);
  });

  it('the operator does not believe the word Deadline of a container without a supervisor', () => {
    const world = injected({ supervisor: 'None' });
    world.ends({ exitCode: 0, message: 'Deadline' });
    world.settle();
    expect([world.phase, world.run.endedBy]).toEqual(['Completed', 'Command']);
  });

  it('the operator sees the late start of a failed run, and confirms its end', () => {
    const world = injected();
    world.waits('ErrImagePull', 'no');
    world.pass(parseDuration('2m1s'));
    world.settle();
    expect(world.condition('StopConfirmed')).toBe('Unknown MayStartLate');
    world.starts();
    world.settle();
    expect([world.phase, world.run.state, world.condition('StopConfirmed')]).toEqual([
      'Failed',
      'StartedLate',
      'False StartedLate',
    ]);
    world.ends({ exitCode: 125, message: 'TooLate' });
    world.settle();
    expect([world.phase, world.run.reason, world.condition('StopConfirmed')]).toEqual([
      'Failed',
      'ImagePullFailed',
      'True Terminated',
    ]);
    expect(world.session.metadata.finalizers).toEqual([]);
  });
});

describe('a container that failed to start in time', () => {
  it('a container that failed to start and that the kubelet lost sight of is not taken for ended', () => {
    const world = new World();
    world.settle();
    world.pass(parseDuration('2m1s'));
    world.settle();
    world.ends({ exitCode: 137, reason: 'ContainerStatusUnknown' });
    world.settle();
    expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Failed', 'Unknown MayStartLate']);
    world.pass(3_600_000);
    world.settle();
    expect(world.condition('StopConfirmed')).toBe('Unknown LastMomentPassed');
    expect(world.session.metadata.finalizers).toHaveLength(1);
  });
});

describe('a session that runs', () => {
  it.each([
    ['an hour behind', -3_600_000, '2026-01-01T12:30:00Z'],
    ['an hour ahead', 3_600_000, '2026-01-01T12:30:00Z'],
    ['right', 0, '2026-01-01T12:30:00Z'],
  ])('the ttl counts by the clock of the operator where the clock of the node is %s', (_name, skew, expiresAt) => {
    const world = new World();
    world.settle();
    world.kubelet({ running: { startedAt: new Date(world.now + skew).toISOString() } });
    world.settle();
    expect(world.run.expiresAt).toBe(expiresAt);
  });

  it('a session that outlives its deadline says so until the container ends', () => {
    const world = World.running({ ttl: '10s' });
    world.pass(20_000);
    world.settle();
    expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Ending', 'False Stopping']);
    world.tried({ kind: 'forbidden', message: 'the operator may not' });
    world.settle();
    if (world.actions.underWay) world.tried({ kind: 'forbidden', message: 'the operator may not' });
    world.settle();
    expect([world.phase, world.condition('StopConfirmed'), world.told.at(-1)]).toEqual([
      'Ending',
      'False NoRoute',
      'StopUnconfirmed',
    ]);
    world.ends({ exitCode: 137, message: 'Deadline' });
    world.settle();
    expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Expired', 'True Terminated']);
  });

  it('the status says that only the operator ends a container without a supervisor', () => {
    const world = World.running({ supervisor: 'None', ttl: '10s' });
    expect(world.message('Running')).toMatch(/the operator ends it at/);
    world.pass(10_000);
    world.settle();
    expect(world.phase).toBe('Ending');
  });

  it.each([
    ['seen terminated', true, { exitCode: 143 }, 'True Terminated'],
    ['not seen', false, undefined, 'Unknown ForceDeleted'],
  ])('a session ends with its pod (%s)', (_name, seen, terminated, confirmed) => {
    const world = World.running();
    if (terminated) world.ends(terminated);
    world.podGoes({ seen });
    world.settle();
    expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Completed', confirmed]);
  });

  it('the last moment of a container does not confirm its end where its pod went unseen', () => {
    const world = World.running({ ttl: '1m', startTimeout: '1m' });
    world.podGoes({ seen: false });
    world.settle();
    world.pass(24 * 3_600_000);
    expect(world.settle()).toBeUndefined();
    expect([world.condition('StopConfirmed'), world.run.podGoneAt]).toEqual([
      'Unknown ForceDeleted',
      '2026-01-01T12:00:00Z',
    ]);
    expect(world.session.metadata.finalizers).toEqual([]);
  });

  it('the operator recognizes a container that died with the process namespace it had joined', () => {
    const world = World.running({ target: { podName: 'web-1', containerName: 'app' } });
    world.ends({ exitCode: 137, reason: 'Error' });
    world.pod?.status.containerStatuses?.splice(0, 1, aStatus('app', { running: {} }, { restartCount: 1 }));
    world.settle();
    expect([world.phase, world.run.endedBy]).toEqual(['Completed', 'Kubelet']);
  });
});

describe('another attempt', () => {
  function over(): World {
    const world = World.running({ ttl: '10s' });
    world.pass(10_000);
    world.ends({ message: 'Deadline' });
    world.settle();
    return world;
  }

  it('a raised attempt appends a container and keeps the record of the first', () => {
    const world = over();
    const first = world.run;
    world.edit({ attempt: 2 });
    world.settle();
    expect(world.session.status?.runs?.[0]).toEqual(first);
    expect(world.run.debugContainerName).toBe(first.debugContainerName?.replace(/1$/, '2'));
    expect([world.phase, world.condition('Complete'), world.condition('StopConfirmed')]).toEqual([
      'Starting',
      undefined,
      undefined,
    ]);
  });

  it('a lowered attempt starts nothing and changes no record', () => {
    const world = over();
    world.edit({ attempt: 2 });
    world.settle();
    world.starts();
    world.settle();
    world.pass(10_000);
    world.ends({ message: 'Deadline' });
    world.settle();
    const runs = world.session.status?.runs;
    world.edit({ attempt: 1 });
    world.settle();
    expect([world.session.status?.runs, world.phase, world.session.status?.attempt]).toEqual([runs, 'Expired', 2]);
  });

  it('an attempt that is lowered while it waits restores the status of the attempt before', () => {
    const world = over();
    world.podGoes({ seen: false });
    world.edit({ attempt: 2 });
    world.settle();
    expect(world.phase).toBe('Pending');
    world.edit({ attempt: 1 });
    world.settle();
    expect([world.phase, world.condition('Complete')]).toEqual(['Expired', 'True Expired']);
  });

  it('pendingTimeout of a raised attempt counts anew', () => {
    const world = over();
    world.podGoes({ seen: false });
    world.pass(3_600_000);
    world.edit({ attempt: 2 });
    expect(world.settle()).toBe(600_999);
  });
});
