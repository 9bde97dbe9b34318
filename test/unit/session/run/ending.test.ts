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
