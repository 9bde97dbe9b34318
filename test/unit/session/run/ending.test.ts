import { describe, expect, it } from '@jest/globals';
import type { DebugSessionSpec } from '../../../../src/api/debugsession.ts';
import { parseDuration } from '../../../../src/api/duration.ts';
import type { Terminated } from '../../../../src/api/pod.ts';
import { aStatus } from '../../../support/builders/builders.ts';
import { World } from '../../../support/world/world.ts';

describe('a command that writes a word of the supervisor', () => {
  it.each(['TooLate', 'CommandNotFound', 'Unsupported'])(
    'the record does not believe the word %s after 20 minutes',
    (word) => {
      const world = World.running();
      world.pass(parseDuration('20m'));
      world.ends({ exitCode: 125, message: word });
      world.settle();
      expect([world.phase, world.run.endedBy, world.run.exitCode]).toEqual(['Completed', 'Command', 125]);
    },
  );
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

  it.each(['Never', 'OnFailure'])(
    'the operator warns at the injection that it delays a pod with restartPolicy %s',
    (policy) => {
      expect(started(policy).told).toEqual(['Injected', 'DelaysCompletion', 'Started']);
    },
  );

  it('the operator does not warn of a delay for a pod with restartPolicy Always', () => {
    expect(started('Always').told).toEqual(['Injected', 'Started']);
  });

  it('the operator warns of a delay by the restartPolicy of a container before that of its pod', () => {
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

  it('a pod has finished by the restartPolicy of its containers before its own', () => {
    const endedBy = (pod: string, own: string): string | undefined => {
      const world = started(pod);
      world.changePod(({ spec, status }) => {
        spec.containers = [{ name: 'app', restartPolicy: own }];
        status.containerStatuses = [aStatus('app', { terminated: { exitCode: 1 } })];
      });
      world.ends({ exitCode: 143, reason: 'Error', message: 'Began\n' });
      world.settle();
      return world.run.endedBy;
    };
    expect([endedBy('Always', 'Never'), endedBy('Never', 'Always')]).toEqual(['Kubelet', 'Unknown']);
  });

  it.each([
    {
      what: 'the kubelet ends the container of a pod that has finished',
      policy: 'Never',
      own: 1,
      exitCode: 143,
      endedBy: 'Kubelet',
    },
    {
      what: 'the kubelet kills the container of a pod that has finished',
      policy: 'OnFailure',
      own: 0,
      exitCode: 137,
      endedBy: 'Kubelet',
    },
    {
      what: 'a command that returns 0 in a finished pod has ended by itself',
      policy: 'Never',
      own: 0,
      exitCode: 0,
      endedBy: 'Command',
    },
    {
      what: 'a command has ended by itself while its pod restarts the application',
      policy: 'OnFailure',
      own: 1,
      exitCode: 143,
      endedBy: 'Command',
    },
    {
      what: 'a command has ended by itself while the application of its pod runs',
      policy: 'Never',
      own: undefined,
      exitCode: 143,
      endedBy: 'Command',
    },
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
  ])('the run quotes the pod for an end with its reason %s: %s', (reason, message, exitCode) => {
    const world = failed(reason, message);
    world.ends({ exitCode, reason: 'Error' });
    world.settle();
    expect([world.phase, world.run.endedBy, world.run.message]).toEqual([
      'Completed',
      'Kubelet',
      `The kubelet ended it together with its pod, exit code ${exitCode}; the pod says: ${reason}: ${message}`,
    ]);
  });

  it('a command that returns 0 in a failed pod has ended by itself', () => {
    const world = failed('Evicted', 'x');
    world.ends({ exitCode: 0 });
    world.settle();
    expect([world.run.endedBy, world.run.message]).toEqual(['Command', 'The command ended by itself, exit code 0']);
  });

  it('the end of a container that the kubelet lost sight of is not known, and the run quotes its pod', () => {
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
  ])('endedBy of OOMKilled with exit code %i is %s', (exitCode, endedBy, message) => {
    const world = World.running();
    world.ends({ exitCode, reason: 'OOMKilled' });
    world.settle();
    expect([world.run.endedBy, world.run.message]).toEqual([endedBy, message]);
  });
});

describe('an end that only the supervisor explains', () => {
  const ended = (spec: Partial<DebugSessionSpec>, seconds: number, end: Partial<Terminated>): World => {
    const world = World.running({ ttl: '10m', ...spec });
    world.pass(seconds * 1000);
    world.ends({ reason: 'Error', ...end });
    world.settle();
    return world;
  };
  const recordOf = ({ run }: World): unknown[] => [run.state, run.reason, run.endedBy];
  const UNKNOWN = ['Ended', 'Exited', 'Unknown'];
  const BY_ITSELF = ['Ended', 'Exited', 'Command'];

  it.each([
    {
      what: 'the end of a container killed from outside is of unknown cause',
      end: { exitCode: 137, message: 'Began' },
      wanted: UNKNOWN,
    },
    {
      what: 'the end of a container that returns 0 without the word Exited is of unknown cause',
      end: { exitCode: 0, message: 'Began' },
      wanted: UNKNOWN,
    },
    {
      what: 'the end of a killed container with an empty log is of unknown cause',
      end: { exitCode: 137, message: '' },
      wanted: UNKNOWN,
    },
    {
      what: 'a command that was killed under its supervisor has ended by itself',
      end: { exitCode: 137, message: 'Exited' },
      wanted: BY_ITSELF,
    },
    {
      what: 'a container that ends after a minute without a word has ended by itself',
      end: { exitCode: 1, message: '' },
      wanted: BY_ITSELF,
    },
  ])('$what', ({ end, wanted }) => {
    expect(recordOf(ended({}, 60, end))).toEqual(wanted);
  });

  it.each([
    { exitCode: 137, wanted: UNKNOWN },
    { exitCode: 143, wanted: UNKNOWN },
    { exitCode: 1, wanted: BY_ITSELF },
  ])(
    'a container without a supervisor that ends with exit code $exitCode is recorded as $wanted',
    ({ exitCode, wanted }) => {
      expect(recordOf(ended({ supervisor: 'None' }, 60, { exitCode }))).toEqual(wanted);
    },
  );

  it.each([0, 1, 3, 255])(
    'a container that ends at once with exit code %i and without a word has not run its command',
    (exitCode) => {
      const { run } = ended({}, 0, { exitCode, message: '' });
      expect(recordOf({ run } as World)).toEqual(['Failed', 'SupervisorUnsupported', undefined]);
      expect(run.message).toMatch(/^The command was not run: .*another architecture than the node/);
      expect(run.startedAt).toBeDefined();
    },
  );

  it('a missing word means nothing after OOMKilled and without a supervisor', () => {
    expect(recordOf(ended({}, 0, { exitCode: 137, message: '', reason: 'OOMKilled' }))[2]).toBe('Kubelet');
    expect(recordOf(ended({ supervisor: 'None' }, 0, { exitCode: 1, message: '' }))).toEqual(BY_ITSELF);
  });

  it('a container whose end is read from a pod that is gone has ended with its pod', () => {
    const world = World.running();
    world.ends({ exitCode: 143, message: 'Began' });
    const last = world.pod;
    world.pod = undefined;
    world.last = last;
    world.settle();
    expect(world.run.endedBy).toBe('PodGone');
  });

  it('a container that returns 0 without the word Exited in a failed pod was ended by the kubelet', () => {
    const world = World.running();
    world.pass(14_000);
    world.changePod(({ status }) => Object.assign(status, { phase: 'Failed', reason: 'Evicted' }));
    world.ends({ exitCode: 0, message: 'Began' });
    world.settle();
    expect(world.run.endedBy).toBe('Kubelet');
  });
});

describe('a command that was not executed', () => {
  const message = (spec: Partial<DebugSessionSpec>, end: Partial<Terminated>): string | undefined => {
    const world = World.running(spec);
    world.ends({ reason: 'Error', ...end });
    world.settle();
    expect(world.phase).toBe('Failed');
    return world.run.message;
  };

  it.each([
    ['CommandNotFound', 'cd is no program that the image has in its PATH'],
    ['CommandIsBuiltin', "cd is a builtin of the shell and no program: run it by one, with command: [sh, -c, '...']"],
    ['CommandIsDirectory', 'cd is a directory of the image and no program'],
    [
      'CommandNotExecutable',
      'cd is a file of the image that cannot be executed: it lacks the permission, or the interpreter on its first line',
    ],
    ['CommandForeign', 'cd is made for another architecture than the sh of the image, and the node did not execute it'],
  ])('the message of %s names the command and the fault', (word, what) => {
    expect(message({ command: ['cd', '/tmp'] }, { exitCode: 127, message: word })).toBe(
      `The command was not run: ${what}`,
    );
  });

  it.each([
    [{ env: [{ name: 'PATH', value: '/x' }] }, '; env sets PATH, which may be why'],
    [{ envFrom: [{ configMapRef: { name: 'c' } }] }, '; envFrom may set PATH, which may be why'],
  ])('the message of a command that was not found mentions the PATH of %j', (spec, hint) => {
    expect(message({ command: ['top'], ...spec }, { exitCode: 127, message: 'CommandNotFound' })).toBe(
      `The command was not run: top is no program that the image has in its PATH${hint}`,
    );
    const said = 'exec: "sh": executable file not found in $PATH';
    const start = { exitCode: 128, reason: 'StartError', message: said };
    expect(message({ supervisor: 'None', command: ['sh'], ...spec }, start)).toBe(
      `The container runtime could not start the container: ${said}${hint}`,
    );
  });

  it('the message of VariablesUnsupported names the variables that need env and tr', () => {
    const env = [{ name: 'my-key', value: '1' }];
    expect(message({ env }, { exitCode: 125, message: 'VariablesUnsupported' })).toMatch(
      /^The image has no env or no tr, which the variables of this session need \(my-key\); /,
    );
  });
});
