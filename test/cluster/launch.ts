import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Exit code of `status`: nothing of the cluster is left on the machine. */
const STOPPED = 4;

/** The command line of the launcher. */
export function launcher(command: 'up' | 'down' | 'status'): string[] {
  return [process.execPath, fileURLToPath(new URL('main.ts', import.meta.url)), command];
}

/** Whether nothing runs of the cluster that CLUSTER_NAME names. With CLUSTER=current: never. */
export function isStopped(env: NodeJS.ProcessEnv = {}): boolean {
  const [program = '', ...args] = launcher('status');
  return spawnSync(program, args, { stdio: 'ignore', env: { ...process.env, ...env } }).status === STOPPED;
}

/** Stops the cluster in a process group of its own: a second Ctrl-C does not reach it. */
export async function takeClusterDown(): Promise<void> {
  const [program = '', ...args] = launcher('down');
  await once(spawn(program, args, { detached: true, stdio: ['ignore', 2, 2] }), 'exit');
}
