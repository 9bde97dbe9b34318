import { describe, expect, it } from '@jest/globals';
import { placesTaken } from '../../../../src/session/start/limits.ts';
import { World } from '../../../support/world/world.ts';

describe('a raised attempt behind a failed one', () => {
  it('waits until the other can no longer start', () => {
    const world = World.neverStarted();
    world.edit({ attempt: 2 });
    expect(world.settle()).toBe(11_000);
    expect([world.phase, world.condition('Injected')]).toEqual(['Pending', 'False PreviousRunNotOver']);
    world.pass(11_000);
    world.settle();
    expect([world.phase, world.run.attempt]).toEqual(['Starting', 2]);
  });

  it('waits for one that started late, follows it, and starts when it has ended', () => {
    const world = World.neverStarted();
    world.edit({ attempt: 2 });
    world.settle();
    world.starts();
    world.settle();
    expect([world.phase, world.session.status?.runs?.[0]?.state]).toEqual(['Pending', 'StartedLate']);
    world.pass(3_600_000);
    world.settle();
    expect(world.phase).toBe('Pending');
    world.ends({ exitCode: 143 });
    world.settle();
    expect([world.phase, world.session.status?.runs?.map((run) => run.state)]).toEqual([
      'Starting',
      ['StartedLate', 'Starting'],
    ]);
    expect(world.session.status?.runs?.[0]?.exitCode).toBe(143);
  });

  it('does not wait for one that could not start at all', () => {
    const world = new World();
    world.settle();
    world.waits('InvalidImageName', 'invalid reference format');
    world.settle();
    world.edit({ attempt: 2, image: 'docker.io/library/busybox:1.37' });
    world.settle();
    expect([world.phase, world.run.attempt]).toEqual(['Starting', 2]);
  });

  it('waits for one that was given up at once, and might start all the same: its tag may name another image by then', () => {
    const world = new World({ imagePullPolicy: 'Always' });
    world.settle();
    world.waits('CreateContainerConfigError', 'container has runAsNonRoot and image will run as root (pod: "web")');
    world.settle();
    expect(world.phase).toBe('Failed');
    world.edit({ attempt: 2 });
    world.settle();
    expect([world.phase, world.condition('Injected')]).toEqual(['Pending', 'False PreviousRunNotOver']);
    world.pass(132_000);
    world.settle();
    expect([world.phase, world.run.attempt]).toEqual(['Starting', 2]);
  });

  it.each([
    ['without a supervisor, which could start as long as it stands there', {}],
    ['behind which an attempt was cancelled', { cancel: true }],
    ['behind which no attempt starts any more', { notAfter: '2026-01-01T00:00:00Z' }],
  ])('waits for one %s, and ends it when it does', (_words, more) => {
    const world = World.neverStarted({ supervisor: 'None', startTimeout: '1s' });
    world.edit({ attempt: 2, ...more });
    world.settle();
    expect(world.condition('Injected')).toBe('False PreviousRunNotOver');
    expect(world.message('Injected')).toMatch(
      /may still start and has no supervisor; attempt 2 starts when it has run/,
    );
    world.pass(30 * 24 * 3_600_000);
    world.settle();
    expect(world.session.status?.attempt).toBe(1);
    world.starts();
    world.settle();
    expect(world.message('Injected')).toMatch(/started late and runs/);
    world.ends({ exitCode: 143 });
    world.settle();
    expect(world.run.attempt).toBe(2);
  });

  it('starts when the pod is gone, in which one without a supervisor stands', () => {
    const world = World.neverStarted({ supervisor: 'None' });
    world.edit({ attempt: 2 });
    world.settle();
    world.podGoes({ seen: true });
    world.settle();
    expect(world.session.status?.runs?.[0]).toMatchObject({ attempt: 1, endedBy: 'PodGone' });
    expect(world.condition('Injected')).toBe('False PodNotFound');
  });
});

it('no supervisor accepts a start after notAfter', () => {
  const world = new World({ startTimeout: '1h', notAfter: new Date(new World().now + 60_500).toISOString() });
  world.settle();
  expect(Date.parse(world.run.startBy ?? '') - world.now).toBeLessThanOrEqual(60_500);
});

describe('the record', () => {
  it('keeps what was asked for and why, whatever the spec says later', () => {
    const world = new World({ command: ['sh', '-c'], args: ["echo 'a b'"], justification: 'INC-1\nforged' });
    world.settle();
    world.edit({ command: ['true'], justification: 'other', attempt: 1 });
    expect(world.run).toMatchObject({ commandLine: "sh -c 'echo '\\''a b'\\'''", justification: 'INC-1 forged' });
  });

  it('does not believe a Deadline that comes before its time', () => {
    const world = World.running({ ttl: '10m' });
    world.pass(60_000);
    world.ends({ exitCode: 0, message: 'Deadline' });
    world.settle();
    expect([world.phase, world.run.endedBy]).toEqual(['Completed', 'Command']);
  });

  it('has nothing to confirm where the pod went before the injection was made', () => {
    const world = new World();
    world.step();
    world.step();
    world.podGoes({ seen: true });
    world.settle();
    expect([world.phase, world.run.reason, world.condition('StopConfirmed')]).toEqual([
      'Failed',
      'PodNotFound',
      'True NothingToStop',
    ]);
  });
});

it('a raised attempt waits for a container that runs again after its end, and starts when it has ended', () => {
  const world = new World();
  world.settle();
  world.containerID = 'containerd://first';
  world.starts();
  world.settle();
  world.ends({ containerID: 'containerd://first' });
  world.settle();
  world.containerID = 'containerd://second';
  world.starts();
  world.settle();
  world.edit({ attempt: 2 });
  world.settle();
  expect([world.phase, world.condition('Injected')]).toEqual(['Pending', 'False PreviousRunNotOver']);
  expect(world.message('Injected')).toMatch(/runs again after its end/);
  world.tried({ kind: 'asked' });
  world.ends({ exitCode: 129, message: 'Stopped', containerID: 'containerd://second' });
  world.settle();
  expect([world.phase, world.run.attempt]).toEqual(['Starting', 2]);
  expect(world.session.status?.runs?.[0]?.ranAgain).toHaveProperty('finishedAt');
});

it('one that started late and ended at its own deadline was ended by nobody else, whatever was tried', () => {
  const world = World.neverStarted({ startTimeout: '1m', ttl: '1m' });
  world.starts();
  world.settle();
  world.tried({ kind: 'failed', message: 'HTTP 500' });
  world.settle();
  world.tried({ kind: 'asked' });
  const startedAt = new Date(world.now).toISOString();
  world.pass(60_000);
  world.ends({ exitCode: 129, message: 'Deadline', startedAt });
  world.settle();
  expect([world.condition('StopConfirmed'), world.run.endedBy]).toEqual(['True Terminated', undefined]);
});

describe('an earlier attempt whose container may start', () => {
  it('leaves the end of the session open, also when the next attempt is called off', () => {
    const world = World.neverStarted();
    world.pass(140_000);
    world.edit({ attempt: 2, cancel: true });
    world.settle();
    expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Cancelled', 'Unknown MayStartLate']);
    expect(world.session.metadata.finalizers).toHaveLength(1);
  });

  it('is seen to start late, ended and recorded, although a later one has run since', () => {
    const world = World.neverStarted();
    world.pass(140_000);
    world.edit({ attempt: 2, cancel: true });
    world.settle();
    world.container = world.session.status?.runs?.[0]?.debugContainerName;
    world.starts();
    world.settle();
    expect([world.condition('StopConfirmed'), world.actions.underWay]).toEqual(['False StartedLate', 'Exec']);
    world.ends({ exitCode: 143 });
    world.settle();
    expect(world.session.status?.runs?.[0]).toMatchObject({ state: 'StartedLate', exitCode: 143 });
    expect(world.session.metadata.finalizers).toEqual([]);
  });
});

describe('an earlier attempt whose container starts in the pod of a live one', () => {
  const beside = (): World => {
    const world = World.neverStarted();
    world.pass(140_000);
    world.edit({ attempt: 2 });
    world.settle();
    world.starts();
    world.settle();
    expect([world.phase, world.run.attempt]).toEqual(['Running', 2]);
    world.container = world.session.status?.runs?.[0]?.debugContainerName;
    world.starts();
    world.settle();
    return world;
  };

  it('is recorded, told of and ended at once, and the live one goes on', () => {
    const world = beside();
    expect(world.session.status?.runs?.[0]).toMatchObject({ state: 'StartedLate', stop: { routes: ['Exec'] } });
    expect([world.told.filter((reason) => reason === 'StartedLate'), world.actionsBeside.underWay]).toEqual([
      ['StartedLate'],
      'Exec',
    ]);
    expect([world.phase, world.condition('Running'), world.actions.underWay]).toEqual([
      'Running',
      'True Running',
      undefined,
    ]);
    world.ends({ exitCode: 143, message: 'Stopped' });
    world.settle();
    expect(world.session.status?.runs?.[0]).toMatchObject({ exitCode: 143, endedBy: 'Exec' });
    expect(world.phase).toBe('Running');
  });

  it('does not keep the live one from its own end', () => {
    const world = beside();
    world.edit({ cancel: true });
    world.settle();
    expect([world.phase, world.actions.underWay]).toEqual(['Ending', 'Exec']);
    world.container = world.run.debugContainerName;
    world.ends({ exitCode: 129, message: 'Stopped' });
    world.settle();
    expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Cancelled', 'False StartedLate']);
  });

  it('holds a place of its own', () => {
    const world = beside();
    expect(placesTaken(world.session, world.now).map(({ run }) => run.attempt)).toEqual([1, 2]);
  });

  it('and holds back the attempt after the live one', () => {
    const world = beside();
    world.container = world.run.debugContainerName;
    world.ends();
    world.settle();
    world.edit({ attempt: 3 });
    world.settle();
    expect(world.message('Injected')).toMatch(/of attempt 1 started late and runs; attempt 3 starts when it has ended/);
  });
});
