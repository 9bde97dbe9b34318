import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { DebugSessionSpec } from '../../src/api/debugsession.ts';
import type { EphemeralContainer } from '../../src/api/ephemeral-container.ts';
import type { Terminated } from '../../src/api/pod.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import { containerName, ephemeralContainer } from '../../src/session/container/container.ts';
import { effectiveValues } from '../../src/session/container/effective.ts';
import { DEADLINE } from '../../src/session/container/supervisor.ts';
import { loggedAt } from '../support/cluster/ending.ts';
import { Stage } from '../support/cluster/stage.ts';
import { patient } from '../support/patience.ts';
import {
  HAS_STOPPED,
  HOSTILE_SHAPES,
  hostileCommand,
  hostilePod,
  type HostileShape,
  hostileUser,
  SHELL_IMAGES,
} from '../support/shells/hostile-commands.ts';

// What somebody in a debug container, with no right and no capability, can do against its deadline. No operator runs:
// only the supervisor keeps it. docs/ending.md has these results as a table.

const TTL_SECONDS = 5;
let stage: Stage;
const names = new Map<object, string>();

function render(shape: HostileShape): EphemeralContainer {
  const { shell, namespace } = shape;
  const sessionUID = randomUUID();
  const spec: DebugSessionSpec = {
    target: { podName: hostilePod(shape) },
    attempt: 1,
    image: SHELL_IMAGES[shell],
    imagePullPolicy: 'IfNotPresent',
    ttl: `${TTL_SECONDS}s`,
    profile: 'restricted',
    securityContext: { runAsUser: hostileUser(shape) },
    command: hostileCommand(shape),
  };
  const startBy = Date.now() + 300_000;
  return ephemeralContainer({
    ...{ name: containerName(sessionUID, 1), spec, effective: effectiveValues(spec), sessionUID, attempt: 1 },
    ...(namespace === 'joined' && { targetContainerName: 'app' }),
    ...{ startBy, lastMoment: startBy + 3_600_000 },
  });
}

beforeAll(async () => {
  stage = await Stage.open('hostile-inside', { operator: false });
  await Promise.all(
    [...Map.groupBy(HOSTILE_SHAPES, hostilePod)].map(async ([pod, here]) => {
      await stage.runningPod(pod, { shareProcessNamespace: here[0]?.namespace === 'shared' });
      const containers = here.map(render);
      here.forEach((shape, index) => names.set(shape, containers[index]?.name ?? ''));
      const path = `${podsPath(stage.namespace)}/${pod}/ephemeralcontainers`;
      await stage.client.patch(path, { spec: { ephemeralContainers: containers } }, { type: 'strategic' });
    }),
  );
});

afterAll(() => stage.close());

interface State {
  running?: { startedAt?: string };
  terminated?: Terminated;
}

async function stateOf(shape: HostileShape, is: (state: State) => boolean): Promise<State> {
  const find = (pod: {
    status?: {
      ephemeralContainerStatuses?: { name: string; state?: State }[];
    };
  }) => pod.status?.ephemeralContainerStatuses?.find(({ name }) => name === names.get(shape))?.state ?? {};
  return find(await stage.untilPod(hostilePod(shape), (pod) => is(find(pod))));
}

const lived = ({ startedAt = '', finishedAt = '' }: Partial<Terminated> = {}): number =>
  (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;

/** Where the first process is one like any other, what may signal it may stop it. */
const outlives = ({ namespace, attack }: HostileShape): boolean => namespace !== 'own' && attack === 'stops all';

/** Where the supervisor can be killed, or has to fork and cannot, its end is the container's, and comes early. */
const isKept = ({ namespace, attack }: HostileShape): boolean =>
  attack !== 'leaves no process to fork' && (namespace === 'own' || attack !== 'kills all');

/** In seconds, on a busy machine. Where the limit of processes is reached, each of them is looked at and ended. */
const lateBy = ({ attack }: HostileShape): number => (attack === 'leaves no process to fork' ? 40 : 6);

describe('hostile commands', () => {
  it.each(HOSTILE_SHAPES.filter((shape) => !outlives(shape)))(
    'the $shell container in the $namespace process namespace ends at its deadline when a command $attack',
    async (shape) => {
      const { terminated } = await stateOf(shape, (state) => state.terminated !== undefined);
      expect(lived(terminated)).toBeLessThanOrEqual(patient(TTL_SECONDS + lateBy(shape)));
      if (isKept(shape)) expect(terminated?.message?.trim()).toBe(DEADLINE);
      // 128 and SEGV: the shell of the supervisor crashed.
      expect(terminated?.exitCode).not.toBe(139);
    },
  );

  it.each(HOSTILE_SHAPES.filter(outlives))(
    'the $shell container in the $namespace process namespace outlives its deadline when a command $attack, as docs/ending.md says',
    async (shape) => {
      const pod = hostilePod(shape);
      const { running, terminated } = await stateOf(shape, (s) => (s.running ?? s.terminated) !== undefined);
      const deadline = Date.parse((running ?? terminated)?.startedAt ?? '') + TTL_SECONDS * 1000;
      await stage.until(`${shape.shell} has passed its deadline`, async () => Date.now() > deadline + 7_000);
      const began = await loggedAt(stage, pod, names.get(shape) ?? '', HAS_STOPPED);
      const after = await stateOf(shape, () => true);
      // On a busy machine the command may begin after the deadline: its supervisor has ended it in time.
      const isLate = began === undefined || began >= deadline;
      if (isLate && after.terminated !== undefined) expect(after.terminated.message?.trim()).toBe(DEADLINE);
      else expect(after.running).toBeDefined();
    },
  );

  it('the application runs on as before beside each hostile command', async () => {
    for (const pod of new Set(HOSTILE_SHAPES.map(hostilePod)))
      expect((await stage.pod(pod)).status?.containerStatuses).toMatchObject([{ ready: true, restartCount: 0 }]);
  });
});
