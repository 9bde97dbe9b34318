import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import { LimitedOutput } from './limited-output.ts';

/** The head of the answer to a request for another protocol. */
export interface UpgradeAnswer {
  statusCode: number;
  headers: IncomingHttpHeaders;
  /** The server's words when it says no; empty when it says yes. At most 64 KiB are kept. */
  body: { text(): Promise<string> };
  /** The connection, when it was switched (101). It belongs to the caller, who has to end it. */
  socket?: Duplex;
}

/** A Status has some hundred bytes; whatever else answers is not kept without end. */
const longestBody = 64 * 2 ** 10;

/**
 * Asks the server to switch a connection to WebSocket. `Dispatcher.upgrade` does so too, but throws the answer of a
 * server that says no away, and with it the reason.
 * @throws what went wrong below, or the reason of `signal`; no connection is left open then
 */
export function upgrade(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  signal: AbortSignal,
): Promise<UpgradeAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<UpgradeAnswer>();
  const body = new LimitedOutput(longestBody);
  let head: Pick<UpgradeAnswer, 'statusCode' | 'headers'> | undefined;
  let sending: Dispatcher.DispatchController | undefined;
  const onAbort = (): void => {
    reject(signal.reason as Error);
    sending?.abort(signal.reason as Error);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  else
    dispatcher.dispatch(
      { ...request, upgrade: 'websocket' },
      {
        onRequestStart(controller) {
          // It waited for a connection, and nobody waits for it any more.
          if (signal.aborted) controller.abort(signal.reason as Error);
          sending = controller;
        },
        onRequestUpgrade(_, statusCode, headers, socket) {
          // An error may come before the caller listens; the caller then finds the connection destroyed.
          socket.on('error', () => undefined);
          if (signal.aborted) socket.destroy();
          resolve({ statusCode, headers, body: { text: () => Promise.resolve('') }, socket });
        },
        onResponseStart(_, statusCode, headers) {
          head = { statusCode, headers };
        },
        onResponseData: (_, chunk) => body.push(chunk),
        onResponseEnd() {
          if (head) resolve({ ...head, body: { text: () => Promise.resolve(body.text()) } });
        },
        onResponseError: (_, error) => reject(error),
      },
    );
  return promise.finally(() => signal.removeEventListener('abort', onAbort));
}
