import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { ClusterNode } from '../../test/cluster/cluster.ts';

/**
 * When containers really ended, by containerd's own events: to the nanosecond and from where it happened, while the
 * kubelet's `finishedAt` has whole seconds. The node is this machine, so it is the same clock.
 */
export class ContainerExits {
  readonly #child: ChildProcess;
  readonly #exited = new Map<string, number>();
  readonly #ended: Promise<unknown>;
  #stopping = false;
  /** Rejects when the events end by themselves; pending otherwise. */
  readonly failed: Promise<never>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = once(child, 'exit');
    this.failed = this.#ended.then(() => {
      if (this.#stopping) return new Promise<never>(() => undefined);
      throw new Error("containerd's events ended");
    });
    this.failed.catch(() => undefined);
  }

  /** It is some time until the first is seen: begin before what is to be seen is even made. */
  static start(node: ClusterNode): ContainerExits {
    const [program = '', ...args] = node.ctrCommand;
    const child = spawn(program, [...args, 'events'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    const exits = new ContainerExits(child);
    createInterface({ input: child.stdout }).on('line', (line) => {
      const exit = readExit(line);
      // A container that was run again under its id has ended when it ended last.
      if (exit !== undefined) exits.#exited.set(exit.id, exit.at);
    });
    return exits;
  }

  /** In ms since the epoch; undefined: it has not been seen to end. @param containerID as the kubelet has it */
  at(containerID: string): number | undefined {
    return this.#exited.get(containerID.replace(/^.*:\/\//, ''));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#child.kill('SIGTERM');
    await this.#ended;
  }
}

/**
 * A line of `ctr events`.
 * @returns undefined for all but the end of a container; an exec that ends has an id of its own
 */
export function readExit(line: string): { id: string; at: number } | undefined {
  const event = /^.* \/tasks\/exit (\{.*\})$/.exec(line)?.[1];
  if (event === undefined) return undefined;
  const { container_id, id, exited_at } = JSON.parse(event) as TaskExit;
  if (container_id !== id || exited_at === undefined) return undefined;
  return { id, at: exited_at.seconds * 1_000 + (exited_at.nanos ?? 0) / 1_000_000 };
}

/** The fields of containerd's TaskExit that we read. */
interface TaskExit {
  container_id: string;
  id: string;
  /** A zero is left out. */
  exited_at?: { seconds: number; nanos?: number };
}
