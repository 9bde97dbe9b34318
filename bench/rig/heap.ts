import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Collects the garbage of another Node process and tells what is left, by the inspector that every Node process opens
 * on SIGUSR1, on the port given by `--inspect-port` (nodejs.org/api/debugger.html). Once opened it stays open and takes
 * a few MB itself: what is to be measured without it is measured before.
 * @returns MB (10^6 bytes) in use on the JavaScript heap and in its buffers
 */
export async function collectedHeapMegabytes(pid: number, port: number): Promise<number> {
  const inspector = await connect(pid, port);
  try {
    // Once may leave what only finalizers let go.
    for (let round = 0; round < 3; round += 1) await ask(inspector, 'HeapProfiler.collectGarbage');
    const { usedSize, backingStorageSize = 0 } = (await ask(inspector, 'Runtime.getHeapUsage')) as HeapUsage;
    return (usedSize + backingStorageSize) / 1e6;
  } finally {
    inspector.close();
  }
}

/** Bytes; https://chromedevtools.github.io/devtools-protocol/tot/Runtime/#method-getHeapUsage */
interface HeapUsage {
  usedSize: number;
  backingStorageSize?: number;
}

async function connect(pid: number, port: number): Promise<WebSocket> {
  for (let tries = 0; ; tries += 1) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/json/list`);
      const [target] = (await answer.json()) as { webSocketDebuggerUrl: string }[];
      const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '');
      await once(socket, 'open');
      return socket;
    } catch (error) {
      if (tries === 0) process.kill(pid, 'SIGUSR1');
      if (tries > 50) throw new Error(`process ${pid} opens no inspector on port ${port}`, { cause: error });
      await delay(100);
    }
  }
}

let questions = 0;

async function ask(socket: WebSocket, method: string): Promise<unknown> {
  questions += 1;
  const id = questions;
  socket.send(JSON.stringify({ id, method }));
  for (;;) {
    const [message] = (await once(socket, 'message', { signal: AbortSignal.timeout(60_000) })) as [MessageEvent];
    const answer = JSON.parse(String(message.data)) as { id?: number; result?: unknown; error?: { message: string } };
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
    if (answer.id === id) return answer.result;
  }
}
