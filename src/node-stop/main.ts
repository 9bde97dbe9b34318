import { writeFileSync } from 'node:fs';
import { readOrder, SOCKET_IN_STOP_POD, STOP_EXIT } from '../api/stop-order.ts';
import { connectRuntime } from './runtime.ts';
import { stopContainer, type Verdict } from './stop-container.ts';

// The program of a stop pod (docs/adr/0037): asks the runtime of its node to end one container, and ends itself.

/** The kubelet reads it into the pod's status; elsewhere there is none. */
const TERMINATION_LOG = '/dev/termination-log';

async function main(argv: readonly string[]): Promise<Verdict> {
  const [first = ''] = argv;
  // For tests alone: config/components/node-stop lets no pod in that gives it.
  const socket = first.startsWith('--socket=') ? first.slice('--socket='.length) : undefined;
  const read = readOrder(socket === undefined ? argv : argv.slice(1));
  if (read.kind === 'fault') return { exit: STOP_EXIT.fault, message: read.message };
  const runtime = connectRuntime(socket ?? SOCKET_IN_STOP_POD);
  try {
    return await stopContainer(runtime, read.order);
  } finally {
    runtime.close();
  }
}

function leaveWord(message: string): void {
  try {
    writeFileSync(TERMINATION_LOG, message, { flag: 'r+' });
  } catch {
    // The exit code says the same, and standard error has the words.
  }
}

const { exit, message } = await main(process.argv.slice(2));
process.stderr.write(`${message}\n`);
leaveWord(message);
process.exitCode = exit;
