import { bashImage, busyboxImage, dashImage } from '../../cluster/image-names.ts';

/** Images by the shell that they have. */
export const SHELL_IMAGES = { busybox: busyboxImage, dash: dashImage, bash: bashImage };

/** What a command logs when it has stopped all that it may stop. */
export const HAS_STOPPED = 'has stopped the others';

/** Scripts of somebody who wants to stay. Each goes on for ever, and needs no right and no capability. */
export const ATTACKS = {
  'kills all': 'while :; do kill -9 -1; sleep .2; done',
  'stops all': `kill -STOP -1; echo ${HAS_STOPPED}; while :; do kill -STOP -1; sleep .2; done`,
  'asks for more time': `echo -n until9999999999 >/proc/self/comm
    while :; do for d in /proc/[0-9]*; do kill -USR2 \${d#/proc/}; done; sleep .2; done`,
  // A shell that waits may begin to wait anew each time that it handles a signal. Process 1 is not among these.
  'interrupts all': 'while :; do kill -CHLD -1; done',
  // A shell that cannot fork ends: others fill the limit of the pod, and this one needs no fork any more.
  'leaves no process to fork': 'for i in 1 2 3; do (while :; do sleep 600 & done) & done; exec sleep 600',
};

export interface HostileShape {
  shell: keyof typeof SHELL_IMAGES;
  /** The process namespace: the container's own, its target's, its pod's. */
  namespace: 'own' | 'joined' | 'shared';
  attack: keyof typeof ATTACKS;
}

/** Each attack with each shell in each process namespace. */
export const HOSTILE_SHAPES: readonly HostileShape[] = keysOf(SHELL_IMAGES).flatMap((shell) =>
  (['own', 'joined', 'shared'] as const).flatMap((namespace) =>
    keysOf(ATTACKS).map((attack) => ({ shell, namespace, attack })),
  ),
);

/** @returns a pod for a shape. The limit of processes is the pod's: what reaches it has a pod to itself. */
export function hostilePod({ shell, namespace, attack }: HostileShape): string {
  return [namespace, attack.split(' ')[0], ...(attack === 'leaves no process to fork' ? [shell] : [])].join('-');
}

/** @returns a user for a shape: in a process namespace that they share, one attack is not the other's */
export function hostileUser({ shell }: HostileShape): number {
  return 1000 + keysOf(SHELL_IMAGES).indexOf(shell);
}

/** @returns what runs in a shape: the attack, which heeds no signal */
export function hostileCommand({ attack }: HostileShape): string[] {
  return ['sh', '-c', `trap "" HUP INT TERM USR2; ${ATTACKS[attack]}`];
}

function keysOf<K extends string>(record: Readonly<Record<K, unknown>>): K[] {
  return Object.keys(record) as K[];
}
