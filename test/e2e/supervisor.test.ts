import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { DebugSession, DebugSessionSpec } from '../../src/api/debugsession.ts';
import type { EphemeralContainer } from '../../src/api/ephemeral-container.ts';
import type { ContainerStatus, PodStatus, Terminated } from '../../src/api/pod.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import { containerName, ephemeralContainer } from '../../src/session/container/container.ts';
import { effectiveValues } from '../../src/session/container/effective.ts';
import {
  BEGAN,
  COMMAND_NOT_FOUND,
  DEADLINE,
  EXITED,
  TOO_LATE,
  UNSUPPORTED,
} from '../../src/session/container/supervisor.ts';
import { bashImage, busyboxImage, dashImage, nonrootDebugImage, nosleepImage } from '../cluster/image-names.ts';
import { Terminal } from '../support/cluster/attach.ts';
import { Stage } from '../support/cluster/stage.ts';
import { patient } from '../support/patience.ts';

// The supervisor on a real kubelet, injected directly: no operator runs, nothing else could end these containers.

const SHELLS = { busybox: busyboxImage, dash: dashImage, bash: bashImage };
const TTL_SECONDS = 6;
const STUBBORN = ['sh', '-c', 'trap "" HUP TERM INT; while :; do sleep 1; done'];
/** Busybox asks after it where the cursor is. */
const PROMPT = /[>#] ([^ ]\[6n)?$/;
/** Process namespaces: the container's own, the application's (`target`), one for the whole pod. */
const NAMESPACES = ['own', 'joined', 'shared'] as const;
type Namespace = (typeof NAMESPACES)[number];

interface Injection {
  spec: Omit<DebugSessionSpec, 'target' | 'attempt'>;
  joined?: boolean;
  /** Seconds from now; default 300. */
  startWithin?: number;
}

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('supervisor', { operator: false });
});

afterAll(() => stage.close());

function render(pod: string, { spec, joined, startWithin = 300 }: Injection): EphemeralContainer {
  const sessionUID = randomUUID();
  const full: DebugSessionSpec = {
    ttl: `${TTL_SECONDS}s`,
    imagePullPolicy: 'IfNotPresent',
    ...spec,
    target: { podName: pod },
    attempt: 1,
  };
  const startBy = Date.now() + startWithin * 1000;
  return ephemeralContainer({
    ...{ name: containerName(sessionUID, 1), spec: full, effective: effectiveValues(full), sessionUID, attempt: 1 },
    ...(joined && { targetContainerName: 'app' }),
    ...{ startBy, lastMoment: startBy + 3_600_000 },
  });
}

async function inject(pod: string, ephemeralContainers: { name: string }[]): Promise<void> {
  const path = `${podsPath(stage.namespace)}/${pod}/ephemeralcontainers`;
  await stage.client.patch(path, { spec: { ephemeralContainers } }, { type: 'strategic' });
}

async function injectOne(pod: string, injection: Injection): Promise<string> {
  const container = render(pod, injection);
  await inject(pod, [container]);
  return container.name;
}

async function untilStatus(
  pod: string,
  name: string,
  is: (status: ContainerStatus) => boolean,
): Promise<ContainerStatus> {
  const find = (from: { status?: { ephemeralContainerStatuses?: ContainerStatus[] } }): ContainerStatus | undefined =>
    from.status?.ephemeralContainerStatuses?.find((status) => status.name === name);
  const seen = await stage.untilPod(pod, (now) => is(find(now) ?? { name }));
  return find(seen) ?? { name };
}

async function untilEnded(pod: string, name: string): Promise<Terminated> {
  const { state } = await untilStatus(pod, name, (status) => status.state?.terminated !== undefined);
  if (state?.terminated === undefined) throw new Error(`${name} has not ended`);
  return state.terminated;
}

const untilRuns = (pod: string, name: string): Promise<ContainerStatus> =>
  untilStatus(pod, name, (status) => status.state?.running !== undefined);

/** Seconds past the deadline. The kubelet's times are whole seconds. */
function secondsLate({ startedAt = '', finishedAt = '' }: Partial<Terminated> = {}): number {
  return (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000 - TTL_SECONDS;
}

function terminalOn(pod: string, name: string): Promise<Terminal> {
  const attachCommand = `kubectl attach --namespace=${stage.namespace} ${pod} --container=${name} --stdin --tty`;
  return Terminal.attach(stage, { status: { attachCommand } } as DebugSession);
}

// Further codes are of a busy machine: a shell is not set up when Ctrl-C comes (130), or the command has not ended when
// HUP comes (129).
const COMMANDS: Record<string, { spec: Partial<Injection['spec']>; codes: number[]; late: number }> = {
  'an interactive sh': { spec: {}, codes: [129, 130], late: 2 },
  'a command': { spec: { command: ['sleep', '600'] }, codes: [129], late: 2 },
  'a command on a terminal': {
    spec: { command: ['sleep', '600'], stdin: true, tty: true },
    codes: [130, 129],
    late: 2,
  },
  'a command that ignores every signal': { spec: { command: STUBBORN }, codes: [137], late: 5 },
  'such a command on a terminal': { spec: { command: STUBBORN, stdin: true, tty: true }, codes: [137, 130], late: 5 },
};

const podOf = (shell: string, namespace: Namespace): string =>
  `${shell}-${namespace === 'shared' ? 'shared' : 'plain'}`;

const shapes = Object.entries(SHELLS).flatMap(([shell, image]) =>
  NAMESPACES.flatMap((namespace) =>
    Object.entries(COMMANDS).flatMap(([what, { spec, ...wanted }]) =>
      (shell === 'busybox' ? [undefined, 1000] : [undefined]).map((runAsUser) => ({
        ...{ shell, namespace, what, user: runAsUser ?? 0, pod: podOf(shell, namespace), ...wanted },
        joined: namespace === 'joined',
        spec: { image, ...spec, ...(runAsUser !== undefined && { securityContext: { runAsUser } }) },
      })),
    ),
  ),
);

describe('the deadline', () => {
  const ended = new Map<object, Terminated>();
  const pods = [...new Set(shapes.map(({ pod }) => pod))];

  beforeAll(async () => {
    await Promise.all(
      pods.map(async (pod) => {
        await stage.runningPod(pod, { shareProcessNamespace: pod.endsWith('-shared') });
        const here = shapes
          .filter((shape) => shape.pod === pod)
          .map((shape) => ({ shape, container: render(pod, shape) }));
        await inject(
          pod,
          here.map(({ container }) => container),
        );
        for (const { shape, container } of here) ended.set(shape, await untilEnded(pod, container.name));
      }),
    );
  });

  it.each(shapes)(
    'the supervisor ended a container at its deadline: $shell, $namespace process namespace, uid $user, $what',
    (shape) => {
      const end = ended.get(shape);
      expect(end?.message?.trim()).toBe(DEADLINE);
      expect(shape.codes).toContain(end?.exitCode);
      expect(secondsLate(end)).toBeLessThanOrEqual(patient(shape.late));
      expect(secondsLate(end)).toBeGreaterThanOrEqual(0);
    },
  );

  it.each(pods)('the application of pod %s runs on after the deadline of its debug containers', async (pod) => {
    expect((await stage.pod(pod)).status?.containerStatuses).toMatchObject([{ ready: true, restartCount: 0 }]);
  });
});

describe('the end of the command', () => {
  const run = async (pod: string, injection: Injection): Promise<Partial<Terminated>> => {
    const { exitCode, message = '' } = await untilEnded(pod, await injectOne(pod, injection));
    return { exitCode, message: message.trim() };
  };

  beforeAll(async () => {
    await stage.runningPod('endings');
  });

  it.each(Object.entries(SHELLS))(
    'a command under the supervisor in %s ends with its own exit code',
    async (_shell, image) => {
      const runs = [false, true].flatMap((joined) => [
        run('endings', { joined, spec: { image, command: ['sh', '-c'], args: ['exit 7'] } }),
        run('endings', {
          joined,
          spec: {
            image,
            stdin: true,
            tty: true,
            command: ['sh', '-c', 'exit $(TTY_CODE)'],
            env: [{ name: 'TTY_CODE', value: '7' }],
          },
        }),
      ]);
      expect(await Promise.all(runs)).toEqual(Array(4).fill({ exitCode: 7, message: EXITED }));
    },
  );

  it('the supervisor does not run a command that is too late or missing, or that it cannot end without sleep', async () => {
    const command = ['echo', 'started'];
    const late = run('endings', { spec: { image: busyboxImage, command }, startWithin: -2 });
    const bare = run('endings', { spec: { image: nosleepImage, command: ['sh', '-c', 'echo started'] } });
    const missing = run('endings', { spec: { image: busyboxImage, command: ['no-such-program'] } });
    const nobody = run('endings', { spec: { image: nonrootDebugImage, command }, startWithin: -2 });
    expect(await late).toEqual({ exitCode: 125, message: TOO_LATE });
    expect(await bare).toEqual({ exitCode: 125, message: UNSUPPORTED });
    expect(await missing).toEqual({ exitCode: 127, message: COMMAND_NOT_FOUND });
    expect(await nobody).toEqual({ exitCode: 125, message: TOO_LATE });
  });
});

describe('terminals', () => {
  const places = Object.entries(SHELLS).flatMap(([shell, image]) => [
    { shell, image, joined: false },
    { shell, image, joined: true },
  ]);

  it.concurrent.each(places)(
    'the terminal of $shell, joined $joined, has Ctrl-C and job control',
    async ({ shell, image, joined }) => {
      const pod = `terminal-${shell}-${joined}`;
      await stage.runningPod(pod);
      const name = await injectOne(pod, { joined, spec: { image, ttl: '60s' } });
      await untilRuns(pod, name);
      const terminal = await terminalOn(pod, name);
      await terminal.run('', PROMPT);
      // Its echo has u\p. The prompt may come in between, where the line was typed ahead of it.
      await terminal.run(`sh -c 'echo u\\p; exec sleep 50'`, /\bup\b/);
      await terminal.press('\x03', PROMPT);
      await terminal.run('echo code=$?', /code=130/);
      await terminal.run(`sh -c 'echo u\\p; read word; echo "got $word"'`, /\bup\b/);
      await terminal.press('\x1a', PROMPT);
      await terminal.run('jobs', /Stopped/);
      await terminal.run('fg', /read word/);
      await terminal.run('word', /got word/);
      terminal.type('exit 5');
      expect(await untilEnded(pod, name)).toMatchObject({ exitCode: 5 });
      await terminal.ended();
      expect((await adoptedBy(pod)).filter((line) => !line.includes('(sh) R'))).toEqual([]);
    },
  );

  /** What the application of a pod has become the parent of, a line of /proc/PID/stat each. It never reaps. */
  async function adoptedBy(pod: string): Promise<string[]> {
    const script = 'cat /proc/[0-9]*/stat';
    const container = {
      ...render(pod, { joined: true, spec: { image: busyboxImage } }),
      command: ['sh', '-c', script],
    };
    await inject(pod, [{ ...container, name: 'looker' }]);
    await untilEnded(pod, 'looker');
    const { stdout } = await stage.logs(pod, 'looker');
    expect(stdout).toContain('(app)');
    return stdout.split('\n').filter((line) => /\) [A-Z] 1 /.test(line) || /\) Z /.test(line));
  }
});

describe('a deleted pod', () => {
  const kinds = shapes
    .filter(({ what, user }) => user === 0 && (what === 'an interactive sh' || what === 'a command'))
    .map((shape) => ({ ...shape, pod: `delete-${shape.pod}`, spec: { ...shape.spec, ttl: '10m' } }));
  const pods = [...new Set(kinds.map(({ pod }) => pod))];
  const ended = new Map<object, Terminated>();
  const application = new Map<string, Terminated>();

  /** A pod with its sessions, which all run. @returns what deletes it and reads how each container ended */
  async function prepare(pod: string): Promise<() => Promise<void>> {
    const shareProcessNamespace = pod.endsWith('shared');
    await stage.runningPod(pod, { terminationGracePeriodSeconds: 30, shareProcessNamespace });
    const here = kinds.filter((kind) => kind.pod === pod).map((kind) => ({ kind, container: render(pod, kind) }));
    await inject(
      pod,
      here.map(({ container }) => container),
    );
    for (const { container } of here) await untilRuns(pod, container.name);
    return async () => {
      const last = stage.untilPod(pod, ({ status }) => allEnded(status));
      await stage.client.delete(`${podsPath(stage.namespace)}/${pod}`);
      const { status } = await last;
      for (const { kind, container } of here) {
        const own = status?.ephemeralContainerStatuses?.find(({ name }) => name === container.name);
        if (own?.state?.terminated) ended.set(kind, own.state.terminated);
      }
      const [app] = status?.containerStatuses ?? [];
      if (app?.state?.terminated) application.set(pod, app.state.terminated);
    };
  }

  beforeAll(async () => {
    // Deleted one after the other: taking down many pods at once is slow for reasons of its own.
    for (const remove of await Promise.all(pods.map(prepare))) await remove();
  });

  // The kubelet ends all containers of a pod at the same time, and the application obeys SIGTERM at once.
  it.each(kinds)(
    'a container does not delay the deletion of its pod: $shell, $namespace process namespace, $what',
    (kind) => {
      const without = Date.parse(application.get(kind.pod)?.finishedAt ?? '');
      const own = ended.get(kind);
      expect(Date.parse(own?.finishedAt ?? '') - without).toBeLessThanOrEqual(patient(2_000));
      expect(own?.message?.trim()).toBe(BEGAN);
    },
  );
});

function allEnded({ containerStatuses = [], ephemeralContainerStatuses = [] }: PodStatus = {}): boolean {
  return [...containerStatuses, ...ephemeralContainerStatuses].every(({ state }) => state?.terminated !== undefined);
}
