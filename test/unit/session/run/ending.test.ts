import { describe, expect, it } from '@jest/globals';
import { parseDuration } from '../../../../src/api/duration.ts';
import { aStatus } from '../../../support/builders/builders.ts';
import { World } from '../../../support/world/world.ts';

describe('a command that writes a word of the supervisor', () => {
  it.each(['TooLate', 'CommandNotFound', 'Unsupported'])('%s after a while is not believed', (word) => {
    const world = World.running();
    world.pass(parseDuration('20m'));
    world.ends({ exitCode: 125, message: word });
    world.settle();
    expect([world.phase, world.run.endedBy, world.run.exitCode]).toEqual(['Completed', 'Command', 125]);
  });
});

describe('a pod that finishes', () => {
  const started = (restartPolicy: string): World => {
    const world = new World();
    world.changePod(({ spec }) => (spec.restartPolicy = restartPolicy));
    world.settle();
    world.starts();
    world.settle();
    return world;
  };

  it.each(['Never', 'OnFailure'])('is warned of at the injection: restartPolicy %s', (policy) => {
    expect(started(policy).told).toEqual(['Accepted', 'Injected', 'DelaysCompletion', 'Started']);
  });

  it('is not one that is made to run for ever', () => {
    expect(started('Always').told).toEqual(['Accepted', 'Injected', 'Started']);
  });

  it('is told by the policies of its containers, where they have their own', () => {
    const told = (pod: string, own: string): string[] => {
      const world = new World();
      world.changePod(({ spec }) => {
        spec.restartPolicy = pod;
        spec.containers = [{ name: 'app', restartPolicy: own }];
      });
      world.settle();
      return world.told;
    };
    expect(told('Never', 'Always')).not.toContain('DelaysCompletion');
    expect(told('Always', 'Never')).toContain('DelaysCompletion');
  });

  it.each([
    { what: 'the kubelet ends what else runs in it', policy: 'Never', own: 1, exitCode: 143, endedBy: 'Kubelet' },
    { what: 'by KILL where TERM is not minded', policy: 'OnFailure', own: 0, exitCode: 137, endedBy: 'Kubelet' },
    { what: 'what ends well with it has ended by itself', policy: 'Never', own: 0, exitCode: 0, endedBy: 'Command' },
    { what: 'not while its own is started again', policy: 'OnFailure', own: 1, exitCode: 143, endedBy: 'Command' },
    { what: 'not while its own runs', policy: 'Never', own: undefined, exitCode: 143, endedBy: 'Command' },
  ])('$what', ({ policy, own, exitCode, endedBy }) => {
    const world = started(policy);
    const state = own === undefined ? { running: {} } : { terminated: { exitCode: own } };
    world.changePod(({ status }) => (status.containerStatuses = [aStatus('app', state)]));
    world.ends({ exitCode, reason: 'Error' });
    world.settle();
    expect([world.phase, world.run.endedBy]).toEqual(['Completed', endedBy]);
  });
});

describe('an end that the kubelet explains', () => {
  const failed = (reason: string, message: string): World => {
    const world = World.running();
    world.pass(14_000);
    world.changePod(({ status }) => Object.assign(status, { phase: 'Failed', reason, message }));
    return world;
  };

  it.each([
    ['DeadlineExceeded', 'Pod was active on the node longer than the specified deadline', 143],
    ['Evicted', 'Pod ephemeral local storage usage exceeds the total limit of containers 20Mi.', 137],
  ])('%s of the pod, in its own words', (reason, message, exitCode) => {
    const world = failed(reason, message);
    world.ends({ exitCode, reason: 'Error' });
    world.settle();
    expect([world.phase, world.run.endedBy, world.run.message]).toEqual([
      'Completed',
      'Kubelet',
      `The kubelet ended it together with its pod, exit code ${exitCode}; the pod says: ${reason}: ${message}`,
    ]);
  });

  it('a command that ends well meanwhile has ended by itself', () => {
    const world = failed('Evicted', 'x');
    world.ends({ exitCode: 0 });
    world.settle();
    expect([world.run.endedBy, world.run.message]).toEqual(['Command', 'The command ended by itself, exit code 0']);
  });

  it('is not known where the kubelet has lost sight of the container', () => {
    const world = failed('Evicted', 'The node was low on resource: memory.');
    world.ends({ exitCode: 137, reason: 'ContainerStatusUnknown' });
    world.settle();
    expect([world.run.reason, world.run.endedBy]).toEqual(['ContainerStatusUnknown', 'Kubelet']);
    expect(world.run.message).toBe(
      'The kubelet has no status of the container any more, so how it ended is not known; the pod says: Evicted: The node was low on resource: memory.',
    );
  });

  it.each([
    [137, 'Kubelet', 'The kernel killed it for lack of memory, exit code 137'],
    [0, 'Command', 'The command ended by itself, exit code 0; a process of it had been killed for lack of memory'],
  ])('lack of memory: exit code %i', (exitCode, endedBy, message) => {
    const world = World.running();
    world.ends({ exitCode, reason: 'OOMKilled' });
    world.settle();
    expect([world.run.endedBy, world.run.message]).toEqual([endedBy, message]);
  });
});
