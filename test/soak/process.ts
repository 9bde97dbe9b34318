import { copyFileSync, mkdirSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Operator } from '../../bench/rig/operator.ts';
import { residentMegabytes } from '../../bench/rig/process-figures.ts';
import { Inspector, type Held } from '../support/cluster/inspector.ts';
import { credentialOf } from './traffic.ts';

export interface Given {
  /** Holds a folder for each process. */
  folder: string;
  /** A file with a token that no other process has. */
  kubeconfig: string;
  namespace: string;
  leaseNamespace: string;
  flags: readonly string[];
}

/** What a process had at a moment. */
export interface Sample extends Held {
  /** RFC 3339. */
  at: string;
  /** MB (10^6 bytes). */
  resident: number;
  /** By the kernel. */
  sockets: number;
}

/** An operator that is started again when it has ended, each time as a process of its own. */
export class Replica {
  readonly name: string;
  /** The mark of its requests in the audit log. */
  readonly credential: string;
  readonly #given: Given;
  #operator: Operator | undefined;
  #inspector: Inspector | undefined;

  constructor(name: string, given: Given) {
    this.name = name;
    const folder = join(given.folder, name);
    mkdirSync(folder);
    for (const file of ['package.json', 'main.js']) copyFileSync(`dist/${file}`, join(folder, file));
    copyFileSync(given.kubeconfig, join(folder, 'kubeconfig'));
    this.#given = { ...given, folder, kubeconfig: join(folder, 'kubeconfig') };
    this.credential = credentialOf(this.#given.kubeconfig);
  }

  get pid(): number {
    return this.#running.pid;
  }

  /** Rejects when the process ends by itself. */
  get failed(): Promise<never> {
    return this.#running.failed;
  }

  /** Starts it; it may not be ready yet. */
  async start(): Promise<void> {
    const { folder, kubeconfig, namespace, leaseNamespace, flags } = this.#given;
    this.#operator = await Operator.spawn({ folder, kubeconfig, namespaces: [namespace], leaseNamespace, flags });
  }

  ready(): Promise<void> {
    return this.#running.ready(250);
  }

  /** The process that leads, by its own metric. Absent: it does not, or does not answer. */
  async leader(): Promise<number | undefined> {
    const operator = this.#operator;
    const leads = await operator?.metric('leader_election_master_status').catch(() => 0);
    return leads === 1 ? operator?.pid : undefined;
  }

  metric(name: string): Promise<number> {
    return this.#running.metric(name);
  }

  async stop(): Promise<void> {
    this.#inspector?.close();
    this.#inspector = undefined;
    await this.#operator?.stop();
    this.#operator = undefined;
  }

  async sample(): Promise<Sample> {
    const { pid, ports } = this.#running;
    const [at, resident, sockets] = [new Date().toISOString(), residentMegabytes(pid), socketsOf(pid)];
    this.#inspector ??= await Inspector.open(pid, ports.inspector);
    return { at, resident, sockets, ...(await this.#inspector.held()) };
  }

  get #running(): Operator {
    if (this.#operator === undefined) throw new Error(`${this.name} does not run`);
    return this.#operator;
  }
}

function socketsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((name) => {
    try {
      return readlinkSync(join(folder, name)).startsWith('socket:');
    } catch {
      // Closed since the folder was read.
      return false;
    }
  }).length;
}
