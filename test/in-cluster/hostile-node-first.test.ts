import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { appPod } from '../support/builders/pods.ts';
import { confirmation, containerState, loggedAt, nameOf } from '../support/cluster/ending.ts';
import { NodeStopInstallation } from '../support/cluster/node-stop-installation.ts';
import type { Stage } from '../support/cluster/stage.ts';
import {
  HAS_STOPPED,
  HOSTILE_SHAPES,
  hostileCommand,
  hostilePod,
  type HostileShape,
  hostileUser,
  SHELL_IMAGES,
} from '../support/shells/hostile-commands.ts';

// config/components/node-stop against commands that fork, stop and kill what they can, under a policy that asks the
// node first. All of their containers start at once and take both cores of a small machine.

const sessionOf = ({ shell, namespace, attack }: HostileShape): string => nameOf(`${shell} ${namespace} ${attack}`);
/** A first process that is one like any other is stopped as well: its supervisor keeps no deadline. */
const canBeStopped = ({ namespace, attack }: HostileShape): boolean => attack === 'stops all' && namespace !== 'own';
/** In seconds. All containers start at once, and a command has to begin before it can stop its supervisor. */
const ttlOf = (shape: HostileShape): number => (canBeStopped(shape) ? 15 : 5);
const pods = [...Map.groupBy(HOSTILE_SHAPES, hostilePod)];
let installation: NodeStopInstallation;
let stage: Stage;
let policyName: string;

beforeAll(async () => {
  installation = await NodeStopInstallation.open('hostile-node-first');
  stage = installation.stage;
  policyName = await installation.policyWith('NodeFirst', 'hostile');
  await Promise.all(
    pods.map(([pod, here]) =>
      stage.runningPod(pod, { ...appPod(), shareProcessNamespace: here[0]?.namespace === 'shared' }),
    ),
  );
  await Promise.all(
    HOSTILE_SHAPES.map((shape) =>
      stage.createSession(sessionOf(shape), {
        target: { podName: hostilePod(shape), ...(shape.namespace === 'joined' && { containerName: 'app' }) },
        ...{ image: SHELL_IMAGES[shape.shell], command: hostileCommand(shape), ttl: `${ttlOf(shape)}s`, policyName },
        ...{ profile: 'restricted', securityContext: { runAsUser: hostileUser(shape) } },
      }),
    ),
  );
});

afterAll(async () => {
  await stage.cluster.kubectl(['delete', 'debugpolicy', policyName]);
  await installation.close();
});

it.each(HOSTILE_SHAPES)(
  'the $shell container in the $namespace process namespace ends at its deadline when a command $attack',
  async (shape) => {
    const over = await stage.untilSession(sessionOf(shape), (s) => confirmation(s)?.status === 'True');
    expect(confirmation(over)).toMatchObject({ reason: 'Terminated' });
    expect(await containerState(stage, over)).toMatchObject({ terminated: {} });
    if (!canBeStopped(shape)) return;
    expect(over.status?.phase).toBe('Expired');
    const [run] = over.status?.runs ?? [];
    const deadline = Date.parse(run?.startedAt ?? '') + ttlOf(shape) * 1000;
    // On a busy machine the command may begin after the deadline: its supervisor has ended it in time.
    const began = await loggedAt(stage, hostilePod(shape), over.status?.debugContainerName ?? '', HAS_STOPPED);
    const wasStopped = began !== undefined && began < deadline;
    if (!wasStopped && run?.endedBy === 'Supervisor') return;
    // Where the node takes longer than the operator waits for it, exec is tried as well.
    expect(run?.stop?.routes[0]).toBe('Node');
    expect(run?.stop?.routes).toContain(run?.endedBy);
  },
);

it('applications beside hostile commands run on as before', async () => {
  for (const [name] of pods)
    expect((await stage.pod(name)).status?.containerStatuses).toMatchObject([{ ready: true, restartCount: 0 }]);
});
