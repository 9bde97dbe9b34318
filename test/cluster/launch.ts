import { spawnSync } from 'node:child_process';

/** Exit code of `status`: nothing of the cluster is left on the machine. */
const STOPPED = 4;

/** The command line of the launcher. */
export function launcher(command: 'up' | 'down' | 'status'): string[] {
  return [process.execPath, 'test/cluster/main.ts', command];
}

/** Whether nothing runs of the cluster that CLUSTER_NAME names. With CLUSTER=current: never. */
export function isStopped(env: NodeJS.ProcessEnv = {}): boolean {
  const [program = '', ...args] = launcher('status');
  return spawnSync(program, args, { stdio: 'ignore', env: { ...process.env, ...env } }).status === STOPPED;
}
