import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { longEnough } from '../patience.ts';

/** What a process holds. */
export interface Held {
  /** MB (10^6 bytes) in use on the JavaScript heap and in its buffers, after a collection of the garbage. */
  heap: number;
  /** Timers that are to fire, those that do not keep the process alive among them. */
  timers: number;
  /** Listeners for the abort of a signal. */
  listeners: number;
}

/** Bytes; https://chromedevtools.github.io/devtools-protocol/tot/Runtime/#method-getHeapUsage */
interface HeapUsage {
  usedSize: number;
  backingStorageSize?: number;
}

interface Answer {
  id?: number;
  result?: unknown;
  error?: { message: string };
}

interface RemoteObject {
  result: { objectId?: string; value?: unknown; description?: string };
  exceptionDetails?: { text: string; exception?: { description?: string } };
}

/** Objects that the questions below make are let go of by this name. */
const GROUP = 'held';
const TIMERS = 'const timer = setTimeout(() => {}, 1); clearTimeout(timer); Object.getPrototypeOf(timer)';
const LIVE_TIMERS = 'function () { return this.filter((timer) => !timer._destroyed).length }';
const LISTENERS = `function () {
  const { getEventListeners } = process.getBuiltinModule('node:events');
  return this.reduce((count, signal) => count + getEventListeners(signal, 'abort').length, 0);
}`;

/**
 * The inspector of another Node process, which that process opens on SIGUSR1, on the port given by `--inspect-port`
 * (nodejs.org/api/debugger.html). Once opened it takes a few MB itself. Each new connection leaves something behind:
 * keep one to measure growth.
 */
export class Inspector {
  readonly #socket: WebSocket;
  readonly #asked = new Map<number, (answer: Answer) => void>();
  #count = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer;
      this.#asked.get(answer.id ?? 0)?.(answer);
    });
    socket.addEventListener('close', () => {
      for (const tell of this.#asked.values()) tell({ error: { message: 'the inspector closed its connection' } });
    });
  }

  /** @throws Error when the process opens none */
  static async open(pid: number, port: number): Promise<Inspector> {
    process.kill(pid, 'SIGUSR1');
    const late = AbortSignal.timeout(longEnough());
    for (;;) {
      try {
        const answer = await fetch(`http://127.0.0.1:${port}/json/list`);
        const [target] = (await answer.json()) as { webSocketDebuggerUrl: string }[];
        const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '');
        await once(socket, 'open');
        return new Inspector(socket);
      } catch (error) {
        if (late.aborted) throw new Error(`process ${pid} opens no inspector on port ${port}`, { cause: error });
        await delay(100);
      }
    }
  }

  async held(): Promise<Held> {
    const timers = await this.#counted(`{ ${TIMERS} }`, LIVE_TIMERS);
    const listeners = await this.#counted('AbortSignal.prototype', LISTENERS);
    return { heap: await this.heap(), timers, listeners };
  }

  /** Collects the garbage. @returns MB (10^6 bytes) in use on the JavaScript heap and in its buffers */
  async heap(): Promise<number> {
    // Once may leave what only finalizers let go.
    for (let round = 0; round < 3; round += 1) await this.#ask('HeapProfiler.collectGarbage');
    const { usedSize, backingStorageSize = 0 } = (await this.#ask('Runtime.getHeapUsage')) as HeapUsage;
    return (usedSize + backingStorageSize) / 1e6;
  }

  close(): void {
    this.#socket.close();
  }

  /** What a function says of all living objects of a prototype. The query collects garbage first. */
  async #counted(prototype: string, functionDeclaration: string): Promise<number> {
    try {
      const { result } = await this.#evaluate({ expression: prototype });
      const query = { prototypeObjectId: result.objectId, objectGroup: GROUP };
      const { objects } = (await this.#ask('Runtime.queryObjects', query)) as { objects: RemoteObject['result'] };
      const call = { objectId: objects.objectId, functionDeclaration, returnByValue: true };
      const counted = (await this.#ask('Runtime.callFunctionOn', call)) as RemoteObject;
      return Number(refuseThrown(counted).result.value);
    } finally {
      await this.#ask('Runtime.releaseObjectGroup', { objectGroup: GROUP });
    }
  }

  async #evaluate(question: { expression: string }): Promise<RemoteObject> {
    return refuseThrown((await this.#ask('Runtime.evaluate', { ...question, objectGroup: GROUP })) as RemoteObject);
  }

  async #ask(method: string, params: object = {}): Promise<unknown> {
    this.#count += 1;
    const id = this.#count;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#asked.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method, params }));
    const answer = await promise;
    this.#asked.delete(id);
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result;
  }
}

function refuseThrown(answer: RemoteObject): RemoteObject {
  const { exceptionDetails: thrown } = answer;
  if (thrown === undefined) return answer;
  throw new Error(`the inspected process says ${thrown.exception?.description ?? thrown.text}`);
}
