import { setTimeout as delay } from 'node:timers/promises';
import { apiProbe } from '../cluster/api-probe.ts';
import type { Instance } from '../cluster/instance.ts';
import { instanceProcesses, startComponent } from '../cluster/start.ts';
import type { Replica } from './process.ts';

const KILL_EVERY_MS = 30_000;
const RESTART_EVERY_MS = 600_000;
/** Time to answer what is under way: what is cut off there is in no log. */
const GRACE_MS = 60_000;
/** The last words of a leader that could not renew its Lease: the API server was away, or the machine too busy. */
const LOST = /leadership lost/;

/** Kills the leader of some replicas every half minute, and starts it again. */
export class Killer {
  /** Replicas that ended by themselves though they had their Lease, each a sentence. */
  readonly faults: string[] = [];
  kills = 0;
  /** Those that lost it, and so had to end. */
  ends = 0;
  readonly #replicas: readonly Replica[];
  readonly #killed = new Set<number>();

  constructor(replicas: readonly Replica[]) {
    this.#replicas = replicas;
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#kill(signal), ...this.#replicas.map((replica) => this.#keep(replica, signal))]);
  }

  async #kill(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(KILL_EVERY_MS, signal);
      const pid = await this.#leader(signal);
      if (pid === undefined) return;
      this.kills += 1;
      this.#killed.add(pid);
      kill(pid);
    }
  }

  async #leader(signal: AbortSignal): Promise<number | undefined> {
    for (; !signal.aborted; await pause(250, signal)) {
      for (const replica of this.#replicas) {
        const pid = await replica.leader();
        if (pid !== undefined) return pid;
      }
    }
    return undefined;
  }

  /** As a kubelet restarts a container. */
  async #keep(replica: Replica, signal: AbortSignal): Promise<void> {
    const stopped = new Promise<'stopped'>((resolve) => {
      if (signal.aborted) resolve('stopped');
      signal.addEventListener('abort', () => resolve('stopped'), { once: true });
    });
    for (;;) {
      const { pid } = replica;
      const end = await Promise.race([stopped, replica.failed.catch((error: unknown) => String(error))]);
      if (end === 'stopped') return;
      const isKilled = this.#killed.delete(pid);
      if (!isKilled && LOST.test(end)) this.ends += 1;
      else if (!isKilled) this.faults.push(`${replica.name}: ${end}`);
      await replica.stop();
      await replica.start();
    }
  }
}

/** The API server of a cluster of ours. */
export class ApiServer {
  /** When it was stopped, RFC 3339. */
  readonly restarts: string[] = [];
  readonly #instance: Instance;

  constructor(instance: Instance) {
    this.#instance = instance;
  }

  /** Every ten minutes, the first time after five. */
  async restartNowAndThen(signal: AbortSignal): Promise<void> {
    for (let every = RESTART_EVERY_MS / 2; ; every = RESTART_EVERY_MS) {
      await pause(every, signal);
      if (signal.aborted) return;
      await this.restart();
    }
  }

  /** In order: what it was asked is answered and logged. @throws Error when it does not come back */
  async restart(): Promise<void> {
    const processes = instanceProcesses(this.#instance);
    this.restarts.push(new Date().toISOString());
    await processes.stop('kube-apiserver', GRACE_MS);
    await startComponent(this.#instance, processes, 'kube-apiserver');
    const probe = apiProbe(this.#instance);
    for (let tries = 0; !(await probe.apiReady()); tries += 1) {
      if (tries > 600 || !processes.isRunning('kube-apiserver'))
        throw new Error(`the API server does not come back: ${processes.lastWords('kube-apiserver')}`);
      await delay(250);
    }
  }
}

/** A process that we started, unless it has just ended. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
