import type { DebugSessionSpec } from '../../src/api/debugsession.ts';
import { busyboxImage, dashImage } from '../../test/cluster/image-names.ts';

/** Whose process namespace a session's container is in: its own, its target's, its pod's, its node's. */
export const NAMESPACES = ['own', 'joined', 'shared', 'host'] as const;
const ATTENDANCES = ['terminal', 'command', 'stdin'] as const;
/** Root, and one that is not. Each pod has an application of either. */
export const USERS = [0, 1000] as const;
const IMAGES = { busybox: busyboxImage, dash: dashImage } as const;
const SHELLS = ['busybox', 'dash'] as const;

/** What decides how a container can be ended. */
export interface Shape {
  namespace: (typeof NAMESPACES)[number];
  attendance: (typeof ATTENDANCES)[number];
  user: (typeof USERS)[number];
  shell: (typeof SHELLS)[number];
}

/** How many there are. */
export const SHAPES = NAMESPACES.length * ATTENDANCES.length * USERS.length * SHELLS.length;

/** Any {@link SHAPES} that follow one another are all of them, any twelve have each namespace with each attendance. */
export function shapeOf(index: number): Shape {
  const round = Math.floor(index / 12);
  return {
    namespace: of(NAMESPACES, index),
    attendance: of(ATTENDANCES, index),
    user: of(USERS, index + round),
    shell: of(SHELLS, Math.floor(index / 2) + Math.floor(round / 2)),
  };
}

/** An array is never empty here. */
function of<T>(values: readonly T[], index: number): T {
  return values[index % values.length] as T;
}

/** For a person. */
export function wordsOf({ namespace, attendance, user, shell }: Shape): string {
  return `${namespace} process namespace, ${attendance}, uid ${user}, ${shell}`;
}

/** The name of the application that runs as this user. */
export function applicationOf(user: number): string {
  return `app-${user}`;
}

/** Long enough for all of it. */
export const SLEEP = ['sleep', '3600'] as const;
/**
 * The first process of a namespace of its own is immune to any signal from within that it does not trap: it has to heed
 * one.
 */
export const HEEDFUL = 'trap exit TERM; sleep 3600 & wait';

/** The session of a shape, its ttl aside. @param supervisor None: what runs must be such that exec can end it */
export function specOf(
  { namespace, attendance, user, shell }: Shape,
  podName: string,
  supervisor: 'Shell' | 'None',
): Pick<DebugSessionSpec, 'target'> & Partial<DebugSessionSpec> {
  const isFirst = namespace === 'own' && supervisor === 'None';
  const command = attendance === 'command' ? [...SLEEP] : ['sh'];
  return {
    target: { podName, ...(namespace === 'joined' && { containerName: applicationOf(user) }) },
    image: IMAGES[shell],
    command: isFirst ? ['sh', '-c', HEEDFUL] : command,
    stdin: attendance !== 'command',
    tty: attendance === 'terminal',
    securityContext: { runAsUser: user },
    supervisor,
  };
}
