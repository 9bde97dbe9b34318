import { spawnSync } from 'node:child_process';
import { isStopped, launcher } from './cluster/launch.ts';

// `make faults` and its like: runs a program on the cluster that CLUSTER_NAME names. A cluster that did not run is
// started before, and goes at the end. KEEP=1: it stays.

function run([program = '', ...args]: readonly string[]): number {
  return spawnSync(program, args, { stdio: 'inherit' }).status ?? 1;
}

const wasStopped = isStopped();
let status = run(launcher('up'));
if (status === 0) status = run(process.argv.slice(2));
if (wasStopped && !process.env['KEEP']) status = Math.max(status, run(launcher('down')));
process.exitCode = status;
