import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { DebugSessionSpec } from '../../src/api/debugsession.ts';
import type { EphemeralContainer } from '../../src/api/ephemeral-container.ts';
import type { ContainerStatus, Terminated } from '../../src/api/pod.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { containerName, ephemeralContainer } from '../../src/session/container/container.ts';
import { effectiveValues } from '../../src/session/container/effective.ts';
import { type Meant, readStopAnswer, SHELLS, stopCommand, ttlCommand } from '../../src/session/stop/stop-script.ts';
import { WATCHDOG_NAME } from '../../src/session/container/supervisor-script.ts';
import { DEADLINE, STOPPED, SUPERVISOR_ENV, supervisedCommand } from '../../src/session/container/supervisor.ts';
import { busyboxImage, dashImage } from '../cluster/image-names.ts';
import { isReady } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';
import { fingerprint } from '../support/shells/processes.ts';
import { patient } from '../support/patience.ts';

// What the stop script ends on a real kubelet, and what it leaves alone. It is run by kubectl exec: no operator is
// about. Processes are looked at from the node, which for a cluster of our own is this machine.
const onNode = process.env['CLUSTER'] === 'current' ? describe.skip : describe;

/** Whose process namespace it runs in: its own, the application's, the pod's, the node's. */
type Namespace = 'own' | 'joined' | 'shared' | 'host';

interface Shape {
  name: string;
  pod: string;
  namespace: Namespace;
  user: number;
  supervised: boolean;
  stubborn: boolean;
  privileged: boolean;
  image: string;
}

const USERS = [0, 1000];
const stubbornCode = 'trap "" HUP TERM INT; exec sleep 600';

function shape(namespace: Namespace, user: number, supervised: boolean, more: Partial<Shape> = {}): Shape {
  const pod = namespace === 'shared' || namespace === 'host' ? namespace : 'plain';
  const name = containerName(randomUUID(), 1);
  return { name, pod, namespace, user, supervised, stubborn: false, privileged: false, image: busyboxImage, ...more };
}

const shapes: Shape[] = (['own', 'joined', 'shared', 'host'] as const).flatMap((namespace) => [
  ...USERS.flatMap((user) => [true, false].map((supervised) => shape(namespace, user, supervised))),
  shape(namespace, 1000, true, { stubborn: true, image: dashImage }),
  // Root with every right is who could do harm.
  ...[true, false].map((supervised) => shape(namespace, 0, supervised, { privileged: true, image: dashImage })),
]);

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('stop-script', { operator: false });
});

afterAll(() => stage.close());

function render({ name, namespace, user, supervised, stubborn, privileged, image }: Shape): EphemeralContainer {
  const spec: DebugSessionSpec = {
    target: { podName: 'x' },
    attempt: 1,
    image,
    imagePullPolicy: 'IfNotPresent',
    ttl: '10m',
    securityContext: { runAsUser: user, ...(privileged && { privileged }) },
    ...(supervised ? {} : { supervisor: 'None' }),
    // The first process of a namespace of its own cannot be ended from within: it has to see its children end.
    command: supervised && !stubborn ? ['sleep', '600'] : ['sh', '-c', stubborn ? stubbornCode : 'sleep 600 & wait'],
  };
  const startBy = Date.now() + 300_000;
  return ephemeralContainer({
    ...{ name, spec, effective: effectiveValues(spec), sessionUID: randomUUID(), attempt: 1 },
    ...(namespace === 'joined' && { targetContainerName: `app-${user}` }),
    ...{ startBy, lastMoment: startBy + 3_600_000 },
  });
}

/**
 * Two applications, of root's and of another user, with all that could be mistaken for a debug container's: its
 * command, its supervisor and watchdog, a process that calls itself a watchdog, one that process 1 has adopted. Process
 * 1 never reaps.
 */
function crowdedPod(more: object): object {
  const startBy = Date.now() + 3_600_000;
  const twin = supervisedCommand({
    ...{ ttlSeconds: 3600, startBy, lastMoment: startBy + 3_600_000, tty: false, command: ['sleep', '600'] },
  });
  const code = [
    '"$@" &',
    'sleep 600 & sh -c "sleep 600; :" &',
    `sh -c "${stubbornCode.replaceAll('"', "'")}" &`,
    `sh -c "echo -n ${WATCHDOG_NAME} >/proc/self/comm; while :; do sleep 600; done" &`,
    '(sleep 600 & (sleep 600 &))',
    'exec sleep 600',
  ].join('\n');
  const containers = USERS.map((runAsUser) => ({
    ...{ name: `app-${runAsUser}`, image: busyboxImage, imagePullPolicy: 'IfNotPresent' },
    ...{ command: ['sh', '-c', code, 'crowd', ...twin], env: [SUPERVISOR_ENV], securityContext: { runAsUser } },
  }));
  return { terminationGracePeriodSeconds: 1, containers, ...more };
}

async function inject(pod: string, containers: readonly { name: string }[]): Promise<void> {
  const path = `${podsPath(stage.namespace)}/${pod}/ephemeralcontainers`;
  await stage.client.patch(path, { spec: { ephemeralContainers: containers } }, { type: 'strategic' });
}

function statusOf(pod: RawPod, name: string): ContainerStatus | undefined {
  return pod.status?.ephemeralContainerStatuses?.find((status) => status.name === name);
}

async function untilEnded({ pod, name }: { pod: string; name: string }): Promise<Terminated | undefined> {
  const seen = await stage.untilPod(pod, (now) => statusOf(now, name)?.state?.terminated !== undefined);
  return statusOf(seen, name)?.state?.terminated;
}

async function untilRunning(pod: string, names: readonly string[]): Promise<RawPod> {
  const runs = (now: RawPod) => names.every((name) => statusOf(now, name)?.state?.running !== undefined);
  return stage.untilPod(pod, runs);
}

/** Which container is meant, as the operator knows it from the pod's status. */
async function meantBy({ pod, name }: Shape): Promise<Meant> {
  return { name, containerID: statusOf(await stage.pod(pod), name)?.containerID };
}

function exec({ pod, name }: { pod: string; name: string }, words: readonly string[]): ReturnType<Stage['kubectl']> {
  return stage.kubectl(['exec', pod, '-c', name, '--', ...words]);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The node's pids of processes in whose cgroup this stands: a pod's uid, or a container's id. */
function processesOf(id: string): number[] {
  return allProcesses().filter((pid) => read(`/proc/${pid}/cgroup`).includes(id));
}

function allProcesses(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

const isZombie = (pid: number): boolean => /\) Z /.test(read(`/proc/${pid}/stat`));
const isWatchdog = (pid: string): boolean => read(`/proc/${pid}/comm`).trim() === WATCHDOG_NAME;
const parentOf = (pid: number): string => /\) \w (\d+)/.exec(read(`/proc/${pid}/stat`))?.[1] ?? '';
/**
 * The processes of the crowd that stay. A fork of its first shell does not, nor what a watchdog naps with: a `sleep`,
 * or a fork of its own.
 */
const isLasting = (pid: number): boolean =>
  !/^sleep\0[0-5]\0$|\0crowd\0/.test(read(`/proc/${pid}/cmdline`)) &&
  !(isWatchdog(`${pid}`) && isWatchdog(parentOf(pid)));
const idOf = (status: ContainerStatus | undefined): string => status?.containerID?.split('//')[1] ?? 'no id';

/** @param before what `fingerprint` said of it */
const lives = (before: string): boolean => fingerprint(Number(before.split(' ')[0])) === before && !/ is /.test(before);

onNode('the stop script', () => {
  const pods = ['plain', 'shared', 'host'];
  const more: Record<string, object> = { plain: {}, shared: { shareProcessNamespace: true }, host: { hostPID: true } };
  const outside: ChildProcess[] = [];
  const ended = new Map<Shape, Terminated | undefined>();
  const seconds = new Map<Shape, number>();
  const here = (pod: string): Shape[] => shapes.filter((one) => one.pod === pod);
  /** The container's id on the node. */
  const injected = new Map<Shape, string>();
  let before: string[] = [];
  let proven = false;

  /** @returns whom nobody may touch */
  async function prepare(pod: string): Promise<string[]> {
    await stage.createPod(pod, crowdedPod(more[pod] ?? {}));
    const { metadata } = await stage.untilPod(pod, isReady);
    const crowd = () => processesOf(metadata.uid).filter(isLasting);
    await stage.until(`the crowd of ${pod}`, async () => Promise.resolve(crowd().length >= 2 * 11));
    const fingerprints = crowd().map(fingerprint);
    await inject(pod, here(pod).map(render));
    const running = await untilRunning(
      pod,
      here(pod).map(({ name }) => name),
    );
    for (const one of here(pod)) injected.set(one, idOf(statusOf(running, one.name)));
    // A process that has ended before any stop script ran is no loss, such as a program that has started another.
    return fingerprints.filter(lives);
  }

  async function stop(one: Shape): Promise<void> {
    const began = performance.now();
    await exec(one, stopCommand(['sh'], await meantBy(one)));
    ended.set(one, await untilEnded(one));
    seconds.set(one, (performance.now() - began) / 1000);
  }

  beforeAll(async () => {
    const code = `echo -n ${WATCHDOG_NAME} >/proc/self/comm; read _`;
    for (const uid of USERS) outside.push(spawn('/bin/sh', ['-c', code], { uid }), spawn('sleep', ['600'], { uid }));
    before = (await Promise.all(pods.map(prepare))).flat();
    before.push(...outside.map(({ pid = 0 }) => fingerprint(pid)));
  });

  afterAll(() => {
    for (const child of outside) child.kill('SIGKILL');
  });

  // In this order: what is run for the first time as root among the node's processes has been seen to choose the right
  // ones.
  it('the stop script would signal no process of another container', async () => {
    for (const one of here('host')) {
      const others = new Set(allProcesses());
      const own = processesOf(injected.get(one) ?? 'none').filter(isLasting);
      for (const pid of processesOf(injected.get(one) ?? 'none')) others.delete(pid);
      const dry = stopCommand(['sh'], await meantBy(one)).map((word) =>
        word.replaceAll('kill -', 'echo would ').replaceAll(/_await (\S+) \S+$/gm, '_await $1 0'),
      );
      expect(dry.join(' ')).not.toMatch(/\bkill\b/);
      const { stdout } = await exec(one, dry);
      // A fork that was about to become a `sleep` looked like one that stays.
      const stayed = own.filter((pid) => existsSync(`/proc/${pid}`) && isLasting(pid));
      const chosen = (signal: string) =>
        [...stdout.matchAll(new RegExp(`^would ${signal} (\\d+)$`, 'gm'))].map(([, pid]) => Number(pid));
      expect(chosen('\\w+').filter((pid) => others.has(pid))).toEqual([]);
      expect(stayed).not.toEqual([]);
      expect(chosen('HUP')).toEqual(expect.arrayContaining(stayed));
      expect(chosen('USR1').map((pid) => read(`/proc/${pid}/comm`).trim())).toEqual(
        one.supervised ? [WATCHDOG_NAME] : [],
      );
    }
    proven = true;
  });

  it('the stop script ends every container, and a supervised container leaves no zombie', async () => {
    expect(proven).toBe(true);
    await Promise.all(shapes.filter(({ supervised }) => supervised).map(stop));
    const seen = await Promise.all(pods.map((pod) => stage.pod(pod)));
    // A parent reaps a child when it comes to it.
    await stage.until('there is no zombie', () =>
      Promise.resolve(!seen.flatMap(({ metadata }) => processesOf(metadata.uid)).some(isZombie)),
    );
    await Promise.all(shapes.filter(({ supervised }) => !supervised).map(stop));
  });

  it.each(shapes)(
    'the stop script ended a container: $namespace process namespace, uid $user, supervised $supervised, stubborn $stubborn, privileged $privileged',
    (one) => {
      expect(ended.get(one)?.message?.trim()).toBe(STOPPED);
      expect(seconds.get(one)).toBeLessThan(patient(30));
      expect(processesOf(injected.get(one) ?? 'none').filter((pid) => !isZombie(pid))).toEqual([]);
    },
  );

  it('the stop script leaves every other process alive', async () => {
    expect(before.length).toBeGreaterThan(60);
    expect(before.filter((one) => !lives(one))).toEqual([]);
    for (const pod of pods)
      expect((await stage.pod(pod)).status?.containerStatuses).toMatchObject([
        { ready: true, restartCount: 0 },
        { ready: true, restartCount: 0 },
      ]);
  });
});

describe('answers', () => {
  const none = shape('own', 0, false, { pod: 'answers' });
  const supervised = shape('own', 1000, true, { pod: 'answers' });
  const immune = shape('own', 0, false, { pod: 'answers' });

  beforeAll(async () => {
    await stage.runningPod('answers');
    const alone = { ...render(immune), command: ['sleep', '600'] };
    await inject('answers', [render(none), render(supervised), alone]);
    await untilRunning('answers', [none.name, supervised.name, immune.name]);
  });

  it('a supervisor takes a new ttl and ends a command whose new ttl has passed', async () => {
    const lastMoment = Date.now() + 3_600_000;
    const tell = async (one: Shape, ttlSeconds: number) =>
      exec(one, ttlCommand(['sh'], await meantBy(one), { ttlSeconds, lastMoment }));
    expect(await tell(supervised, 900)).toMatchObject({ stdout: 'Changed\n' });
    expect(await tell(none, 900)).toMatchObject({ stdout: 'NoWatchdog\n' });
    await tell(supervised, 1);
    expect(await untilEnded(supervised)).toMatchObject({ message: `${DEADLINE}\n`, exitCode: 129 });
  });

  it('the stop script says that process 1 of its own namespace without handlers has survived', async () => {
    const { code, stdout } = await exec(immune, stopCommand(['sh'], await meantBy(immune), { graceSeconds: 1 }));
    expect(readStopAnswer(stdout, code)).toEqual({ answer: 'Survived', processes: 1 });
    const pod = await stage.pod('answers');
    expect(statusOf(pod, immune.name)?.state?.running).toBeDefined();
  });

  it('the runtime runs each shell of the list, or refuses it before a command has run', async () => {
    for (const way of SHELLS) {
      const words = ttlCommand(way, await meantBy(immune), { ttlSeconds: 9, lastMoment: Date.now() });
      const { code, stdout, stderr } = await exec(immune, words);
      if (stdout === '') {
        expect({ way, code }).not.toEqual({ way, code: 0 });
        expect(stderr).toMatch(/executable file not found|no such file or directory/);
      } else expect({ way, stdout }).toEqual({ way, stdout: 'NoWatchdog\n' });
    }
    const words = stopCommand(['sh'], await meantBy(immune));
    const { stderr } = await stage.kubectl(['exec', 'answers', '-c', 'app', '--', ...words]);
    expect(stderr).toMatch(/executable file not found|no such file or directory/);
  });
});
