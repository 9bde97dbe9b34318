import { it } from '@jest/globals';
import { CAN_UNSHARE, MORE_SHELLS, SHELLS, SLOW_SHELLS } from './supervised.ts';

// One test for each shell that a debug image may have. They run all at once: they wait for deadlines, they do not
// compute.

export const eachShell = it.concurrent.each(SHELLS);

/** What needs a process namespace needs root on Linux. */
export const eachShellAsRoot = CAN_UNSHARE ? eachShell : it.concurrent.skip.each(SHELLS);

export const everyShell = it.concurrent.each([...SHELLS, ...MORE_SHELLS, ...SLOW_SHELLS]);

export const BASH = SHELLS.filter(({ shell }) => shell.endsWith('bash'));

export const eachBash = it.concurrent.each(BASH);

/**
 * Seconds. Bounds of time are wide: what is late here is a machine that is busy. The exact ones are held on a real
 * kubelet (test/e2e).
 */
export const SOON = 10;

/** A command that only KILL ends. */
export const STUBBORN = ['sh', '-c', 'trap "" HUP TERM INT; echo up; while :; do sleep 1; done'];
