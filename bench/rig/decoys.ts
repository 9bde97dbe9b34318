import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { WATCHDOG_NAME } from '../../src/session/container/supervisor-script.ts';
import { SUPERVISOR_ENV, supervisedCommand } from '../../src/session/container/supervisor.ts';
import { busyboxImage } from '../../test/cluster/image-names.ts';
import { applicationOf, HEEDFUL, SLEEP, USERS } from '../parts/ending-shapes.ts';

// Everything in a debugged pod that could be mistaken for a session's: whoever ends sessions by name, by user or by
// parentage kills some of it.

/** So many processes an application is made of, the naps of its watchdogs aside. */
const PROCESSES = 17;

/**
 * A pod with an application of root's and one of another user. Each runs what sessions run, under the same names: their
 * commands, a shell that reads, a supervisor with its watchdog, one that only calls itself a watchdog, and all of it
 * once more without a parent, so that its first process has adopted it. That process reaps nobody and never ends.
 */
export function decoyPod(more: object): object {
  const startBy = Date.now() + 3_600_000;
  const twin = supervisedCommand({
    ...{ ttlSeconds: 3_600, startBy, lastMoment: startBy + 3_600_000, tty: false, command: SLEEP },
  });
  const sleep = SLEEP.join(' ');
  const some = [`${sleep} &`, `sh -c '${HEEDFUL}' &`, `${sleep} | sh &`, '"$@" &'];
  const impostor = `sh -c 'echo -n ${WATCHDOG_NAME} >/proc/self/comm; while :; do ${sleep}; done' &`;
  const code = [...some, impostor, '(', ...some, ')', `exec ${sleep}`].join('\n');
  const containers = USERS.map((runAsUser) => ({
    ...{ name: applicationOf(runAsUser), image: busyboxImage, imagePullPolicy: 'IfNotPresent' },
    ...{ command: ['sh', '-c', code, 'application', ...twin], env: [SUPERVISOR_ENV], securityContext: { runAsUser } },
  }));
  return { terminationGracePeriodSeconds: 1, containers, ...more };
}

/** The processes of pods before anybody debugs them. */
export class Decoys {
  /**
   * By pid: when it was started, in clock ticks since boot. A pid alone may have been given to another process
   * meanwhile.
   */
  readonly #started: ReadonlyMap<number, string>;

  private constructor(started: ReadonlyMap<number, string>) {
    this.#started = started;
  }

  /** Waits until all are there. @param podUIDs of pods that are ready @throws Error after half a minute */
  static async of(podUIDs: readonly string[]): Promise<Decoys> {
    const least = podUIDs.length * USERS.length * PROCESSES;
    let before = new Map<number, string>();
    for (let tries = 0; tries < 60; tries += 1) {
      const now = processesOf(podUIDs);
      // What is seen twice has come to stay: a shell on its way to become a program has not.
      if (now.size >= least && isSame(now, before)) return new Decoys(now);
      before = now;
      await delay(500);
    }
    throw new Error(`of the decoys ${before.size} run, and at least ${least} should`);
  }

  get count(): number {
    return this.#started.size;
  }

  /** How many are no more: a process that waits to be reaped is none. */
  killed(): number {
    return [...this.#started].filter(([pid, start]) => startOf(pid) !== start).length;
  }
}

function isSame(one: ReadonlyMap<number, string>, other: ReadonlyMap<number, string>): boolean {
  return one.size === other.size && [...one].every(([pid, start]) => other.get(pid) === start);
}

/** Pids as this machine has them: it is the node. What a watchdog naps with comes and goes. */
function processesOf(podUIDs: readonly string[]): Map<number, string> {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const ours = all.filter((pid) => {
    const cgroup = read(`/proc/${pid}/cgroup`);
    return podUIDs.some((uid) => cgroup.includes(uid)) && !isNap(pid);
  });
  return new Map(
    ours.flatMap((pid) => {
      const start = startOf(Number(pid));
      return start === undefined ? [] : [[Number(pid), start]];
    }),
  );
}

/** What a watchdog naps with: a `sleep`, or a fork of its own. */
function isNap(pid: string): boolean {
  if (/^sleep\0\d\0$/.test(read(`/proc/${pid}/cmdline`))) return true;
  const parent = /\) \w (\d+)/.exec(read(`/proc/${pid}/stat`))?.[1] ?? '';
  return [pid, parent].every((one) => read(`/proc/${one}/comm`).trim() === WATCHDOG_NAME);
}

/** Undefined where there is none, or none that lives. */
function startOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // A program's name may hold anything, so what follows it is counted from its last parenthesis.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return stat === '' || fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
