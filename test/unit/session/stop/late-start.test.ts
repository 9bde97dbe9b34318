import { describe, expect, it } from '@jest/globals';
import { placesTaken } from '../../../../src/session/start/limits.ts';
import { runsAgain } from '../../../support/world/lives.ts';
import { World } from '../../../support/world/world.ts';

describe('a raised attempt behind a failed one', () => {
  it('a raised attempt waits until the container of the failed attempt can no longer start', () => {
    const world = World.neverStarted();
    world.edit({ attempt: 2 });
    expect(world.settle()).toBe(11_000);
    expect([world.phase, world.condition('Injected')]).toEqual(['Pending', 'False PreviousRunNotOver']);
    world.pass(11_000);
    world.settle();
    expect([world.phase, world.run.attempt]).toEqual(['Starting', 2]);
  });

  it('a raised attempt waits for the late start of the failed attempt, and starts when that container has ended', () => {
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

  it('a raised attempt does not wait for a failed attempt whose container can never start', () => {
    const world = new World();
    world.settle();
    world.waits('InvalidImageName', 'invalid reference format');
    world.settle();
    world.edit({ attempt: 2, image: 'docker.io/library/busybox:1.37' });
    world.settle();
    expect([world.phase, world.run.attempt]).toEqual(['Starting', 2]);
  });

  it('a raised attempt waits for a failed attempt whose image tag may name an image that starts', () => {
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
    ['that may start', {}],
    ['that is cancelled', { cancel: true }],
    ['whose notAfter has passed', { notAfter: '2026-01-01T00:00:00Z' }],
  ])('an attempt %s waits until a failed attempt without a supervisor has run', (_words, more) => {
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

  it('an attempt that waits for a container without a supervisor goes on when the pod of that container is gone', () => {
    const world = World.neverStarted({ supervisor: 'None' });
    world.edit({ attempt: 2 });
    world.settle();
    world.podGoes({ seen: true });
    world.settle();
    expect(world.session.status?.runs?.[0]).toMatchObject({ attempt: 1, endedBy: 'PodGone' });
    expect(world.condition('Injected')).toBe('False PodNotFound');
  });
});

it('a supervisor accepts no start after notAfter', () => {
  const world = new World({ startTimeout: '1h', notAfter: new Date(new World().now + 60_500).toISOString() });
  world.settle();
  expect(Date.parse(world.run.startBy ?? '') - world.now).toBeLessThanOrEqual(60_500);
});

describe('the record of a run', () => {
  it('the record keeps the command and the justification of the run whatever the spec says later', () => {
    const world = new World({ command: ['sh', '-c'], args: ["echo 'a b'"], justification: 'INC-1\nforged' });
    world.settle();
    world.edit({ command: ['true'], justification: 'other', attempt: 1 });
    expect(world.run).toMatchObject({ commandLine: "sh -c 'echo '\\''a b'\\'''", justification: 'INC-1 forged' });
  });

  it('the record of a run does not believe the word Deadline before the ttl has passed', () => {
    const world = World.running({ ttl: '10m' });
    world.pass(60_000);
    world.ends({ exitCode: 0, message: 'Deadline' });
    world.settle();
    expect([world.phase, world.run.endedBy]).toEqual(['Completed', 'Command']);
  });

  it('a run whose pod went before its injection has nothing to stop', () => {
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
  const world = runsAgain();
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

it('a late start that ends at its own deadline has no endedBy although the operator has asked it to end', () => {
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
  it('an earlier attempt whose container may start leaves StopConfirmed Unknown when a later attempt is cancelled', () => {
    const world = World.neverStarted();
    world.pass(140_000);
    world.edit({ attempt: 2, cancel: true });
    world.settle();
    expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Cancelled', 'Unknown MayStartLate']);
    expect(world.session.metadata.finalizers).toHaveLength(1);
  });

  it('the operator stops and records the late start of an earlier attempt after a later attempt was cancelled', () => {
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

describe('a late start beside a live attempt', () => {
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

  it('the operator records and stops a late start beside a live attempt, which goes on', () => {
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

  it('a late start of an earlier attempt does not keep the live attempt from its own end', () => {
    const world = beside();
    world.edit({ cancel: true });
    world.settle();
    expect([world.phase, world.actions.underWay]).toEqual(['Ending', 'Exec']);
    world.container = world.run.debugContainerName;
    world.ends({ exitCode: 129, message: 'Stopped' });
    world.settle();
    expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Cancelled', 'False StartedLate']);
  });

  it('a late start of an earlier attempt takes a place beside the live attempt', () => {
    const world = beside();
    expect(placesTaken(world.session, world.now).map(({ run }) => run.attempt)).toEqual([1, 2]);
  });

  it('a late start of an earlier attempt holds back the attempt after the live one', () => {
    const world = beside();
    world.container = world.run.debugContainerName;
    world.ends();
    world.settle();
    world.edit({ attempt: 3 });
    world.settle();
    expect(world.message('Injected')).toMatch(/of attempt 1 started late and runs; attempt 3 starts when it has ended/);
  });
});
