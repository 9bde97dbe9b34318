import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DebugSession, DebugSessionSpec } from '../../src/api/debugsession.ts';
import { applicationOf } from '../../bench/parts/ending-shapes.ts';
import { decoyPod, Decoys } from '../../bench/rig/decoys.ts';
import { isReady, shellPod } from '../support/builders/pods.ts';
import { containerState } from '../support/cluster/ending.ts';
import { Stage } from '../support/cluster/stage.ts';

// Commands that enter namespaces of the application that they debug, as is common advice (`nsenter -t 1 -m`). An exec
// into their container lands where its first process has gone. Each is ended, and the application and its neighbours
// notice nothing. Never with hostPID: there `1` is the node's.

const ENDS = ['ttl', 'cancel', 'delete'] as const;
type End = (typeof ENDS)[number];

/** One that has all that could be mistaken for a session's, and one that every signal would end. */
const TARGETS = [
  { podName: 'crowd', containerName: applicationOf(0) },
  { podName: 'heedful', containerName: 'app' },
] as const;
const HEEDS = 'for s in HUP TERM INT; do trap "echo got $s; exit 1" $s; done; while :; do sleep 1; done';

/**
 * Neither ends by itself when its child is ended first. Where exec lands in other mounts, an exit code of 0 would count
 * as the command's own end (docs/ending.md).
 */
const COMMANDS = [
  ['sh', '-c', 'while :; do sleep 600; done'],
  ['sh', '-c', 'trap "" HUP TERM INT; while :; do sleep 1; done'],
] as const;

const WAYS: readonly [string, readonly string[]][] = [
  ['mount', ['nsenter', '-t', '1', '-m', '--']],
  ['five', ['nsenter', '-t', '1', '-m', '-p', '-n', '-u', '-i', '--']],
  ['process', ['nsenter', '-t', '1', '-p', '--']],
  ['network', ['nsenter', '-t', '1', '-n', '--']],
  ['user', ['unshare', '-U', '-r', '--']],
  ['user-and-mount', ['unshare', '-U', '-r', '-m', '--']],
  ['root', ['chroot', '/proc/1/root']],
];

interface Case {
  name: string;
  end: End;
  supervisor: 'Shell' | 'None';
  command: string[];
  target: (typeof TARGETS)[number];
}

/**
 * Each way has each end, either command and either target are in turn; below a supervisor, whose first process stays, a
 * child has entered.
 */
const cases: Case[] = WAYS.flatMap(([way, enter], index) =>
  [...ENDS, 'supervised' as const].map((what, at) => {
    const command = [...enter, ...of(COMMANDS, index + at)];
    const common = { name: `${way}-${what}`, command, target: of(TARGETS, Math.floor(index / 2) + at) };
    return what === 'supervised'
      ? { ...common, end: of(ENDS, index), supervisor: 'Shell' }
      : { ...common, end: what, supervisor: 'None' };
  }),
);

function of<T>(values: readonly T[], index: number): T {
  return values[index % values.length] as T;
}

let stage: Stage;
let decoys: Decoys;
const over = new Map<string, DebugSession>();
const log = async (pod: string, container: string) =>
  (await stage.kubectl(['exec', pod, '-c', container, '--', 'cat', '/dev/termination-log'])).stdout;

function create(name: string, spec: Pick<DebugSessionSpec, 'target'> & Partial<DebugSessionSpec>): Promise<unknown> {
  return stage.createSession(name, { profile: 'sysadmin', ...spec });
}

/** Ends it in its way. @returns as it was seen last, which for one that is deleted is before it went */
async function end({ name, end: way }: Case): Promise<void> {
  const hasEnded = ({ status }: DebugSession): boolean => status?.runs?.at(-1)?.finishedAt !== undefined;
  const seen = stage.untilSession(name, hasEnded);
  if (way === 'cancel') await stage.changeSession(name, { cancel: true });
  if (way === 'delete') await stage.deleteSession(name);
  over.set(name, await seen);
}

beforeAll(async () => {
  stage = await Stage.open('entered');
  await stage.createPod('crowd', decoyPod({}));
  await stage.createPod('heedful', shellPod(HEEDS));
  await stage.untilPod('heedful', isReady);
  const { metadata } = await stage.untilPod('crowd', isReady);
  decoys = await Decoys.of([metadata.uid]);
  const neighbours = TARGETS.map((target) => ({ target, command: ['nsenter', '-t', '1', '-m', '--', ...COMMANDS[0]] }));
  await Promise.all([
    ...cases.map(({ name, end: way, target, supervisor, command }) =>
      create(name, { target, supervisor, command, ttl: way === 'ttl' ? '20s' : '10m' }),
    ),
    ...neighbours.map((spec) =>
      create(`neighbour-${spec.target.podName}`, { ...spec, supervisor: 'None', ttl: '10m' }),
    ),
  ]);
  const names = [...cases.map(({ name }) => name), ...TARGETS.map(({ podName }) => `neighbour-${podName}`)];
  await Promise.all(names.map((name) => stage.untilPhase(name, 'Running')));
  // One that does not end is told by its own test.
  await Promise.allSettled(cases.map(end));
});

afterAll(() => stage.close());

describe('a command that has entered other namespaces', () => {
  it.each(cases)('the container $name ends although its command has entered other namespaces', ({ name, end: way }) => {
    const session = over.get(name);
    expect(session?.status?.runs).toMatchObject([{ state: 'Ended', reason: way === 'ttl' ? 'Expired' : 'Cancelled' }]);
    expect(['Exec', 'Supervisor']).toContain(session?.status?.runs?.[0]?.endedBy);
  });

  it('the application runs on without a restart, a signal or a word in its log when the sessions end', async () => {
    expect(decoys.killed()).toBe(0);
    for (const { podName, containerName } of TARGETS) {
      const pod = await stage.pod(podName);
      for (const status of pod.status?.containerStatuses ?? [])
        expect(status).toMatchObject({ restartCount: 0, ready: true, lastState: {} });
      // The crowd has a supervisor of its own among its processes, which has begun.
      expect(await log(podName, containerName)).toBe(podName === 'crowd' ? 'Began\n' : '');
      expect((await stage.kubectl(['logs', podName, '-c', containerName])).stdout).not.toContain('got');
    }
  });

  it('another session that has entered the same namespaces lives on', async () => {
    for (const { podName } of TARGETS) {
      const session = await stage.session(`neighbour-${podName}`);
      expect(session.status?.phase).toBe('Running');
      expect(await containerState(stage, session)).toMatchObject({ running: {} });
    }
  });
});
