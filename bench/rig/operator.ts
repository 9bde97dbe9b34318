import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import { freePort } from '../../test/support/cluster/free-port.ts';

export interface OperatorOptions {
  /** Holds main.js and takes the log. */
  folder: string;
  kubeconfig: string;
  /** None: all, as it is shipped. */
  namespaces: readonly string[];
  /** Where its Lease is: its account may have none elsewhere. */
  leaseNamespace: string;
  /** Besides. */
  flags: readonly string[];
}

/** All on loopback. */
interface Ports {
  probes: number;
  metrics: number;
  inspector: number;
}

/**
 * What config/manager gives to Node. A share of the memory limit is put in as megabytes: here is no limit that Node
 * could see.
 */
function shippedNodeOptions(): string {
  const { spec } = parse(readFileSync('config/manager/deployment.yaml', 'utf8')) as Deployment;
  const [manager] = spec.template.spec.containers;
  const options = manager?.env.find(({ name }) => name === 'NODE_OPTIONS')?.value ?? '';
  const limit = Number(/^(\d+)Mi$/.exec(manager?.resources.limits.memory ?? '')?.[1]);
  return options.replace(
    /--max-old-space-size-percentage=(\d+)/,
    (_, percent) => `--max-old-space-size=${Math.floor((limit * Number(percent)) / 100)}`,
  );
}

interface Deployment {
  spec: {
    template: {
      spec: { containers: { env: { name: string; value: string }[]; resources: { limits: { memory: string } } }[] };
    };
  };
}

/**
 * The built operator as a child process with its defaults; its log goes to a file, as a container runtime would have
 * it.
 */
export class Operator {
  readonly #child: ChildProcess;
  readonly #log: string;
  readonly #exited: Promise<unknown>;
  readonly #ports: Ports;
  #stopping = false;
  /** When its process was started, in ms of the monotonic clock. */
  readonly spawnedAt = performance.now();
  /** Rejects when it ends by itself; pending otherwise. */
  readonly failed: Promise<never>;

  private constructor(child: ChildProcess, log: string, ports: Ports) {
    this.#child = child;
    this.#log = log;
    this.#ports = ports;
    this.#exited = once(child, 'exit');
    this.failed = this.#exited.then(() => {
      if (this.#stopping) return new Promise<never>(() => undefined);
      throw new Error(`the operator ended: ${this.#tail()}`);
    });
    this.failed.catch(() => undefined);
  }

  /** Returns once the process runs; see {@link ready}. */
  static async spawn(options: OperatorOptions): Promise<Operator> {
    const ports = { probes: await freePort(), metrics: await freePort(), inspector: await freePort() };
    const log = join(options.folder, 'operator.log');
    const output = openSync(log, 'w');
    const args = [
      // Only where an inspector would listen if it were asked for: see heap.ts.
      `--inspect-port=127.0.0.1:${ports.inspector}`,
      join(options.folder, 'main.js'),
      ...(options.namespaces.length > 0 ? [`--namespaces=${options.namespaces.join(',')}`] : []),
      `--leader-election-namespace=${options.leaseNamespace}`,
      `--health-probe-bind-address=127.0.0.1:${ports.probes}`,
      `--metrics-bind-address=127.0.0.1:${ports.metrics}`,
      // Whoever scrapes over HTTPS is authenticated, at the cost of two requests now and then; here nobody scrapes.
      '--metrics-secure=false',
      ...options.flags,
    ];
    const env = { ...process.env, KUBECONFIG: options.kubeconfig, NODE_OPTIONS: shippedNodeOptions() };
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', output, output] });
    closeSync(output);
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    return new Operator(child, log, ports);
  }

  /** Resolves when it says it is ready. @param everyMs between two questions. @throws Error after a minute */
  async ready(everyMs = 50): Promise<void> {
    const isReady = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${this.#ports.probes}/readyz`)).ok;
    while (!(await Promise.race([isReady().catch(() => false), this.failed]))) {
      if (performance.now() - this.spawnedAt > 60_000)
        throw new Error(`the operator did not become ready: ${this.#tail()}`);
      await delay(everyMs);
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get ports(): Ports {
    return this.#ports;
  }

  /** The sum of a metric over all its labels; 0 while there is none. */
  async metric(name: string): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${this.#ports.metrics}/metrics`);
    if (!answer.ok) throw new Error(`the operator's metrics cannot be read: ${answer.status} ${await answer.text()}`);
    const lines = (await answer.text()).split('\n').filter((line) => new RegExp(`^${name}[ {]`).test(line));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#child.kill('SIGTERM');
    const stuck = setTimeout(() => this.#child.kill('SIGKILL'), 30_000);
    await this.#exited;
    clearTimeout(stuck);
  }

  #tail(): string {
    return readFileSync(this.#log, 'utf8').split('\n').slice(-5).join(' ');
  }
}
