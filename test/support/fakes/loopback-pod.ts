import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { KubeConfig } from '@kubernetes/client-node';
import { type WebSocket, WebSocketServer } from 'ws';
import { startLoopback } from './loopback-server.ts';

/** A kubelet's end of exec and attach on the loopback interface, with another implementation of WebSocket than ours. */
export interface LoopbackPod {
  config: KubeConfig;
  /** Of each request for a stream. */
  requests: IncomingMessage[];
  /** Resolves when the other side has ended every connection. */
  untilLeft: () => Promise<void>;
  close: () => Promise<void>;
}

export interface PodBehaviour {
  /** What a stream does. It is not closed after. */
  stream?: (stream: WebSocket) => void;
  /** Instead of a stream; `socket` is the raw connection. */
  refuse?: (socket: Duplex, request: IncomingMessage) => void;
  /** The subprotocol that is chosen. Default: the first that is offered. */
  protocol?: string | false;
}

export async function startLoopbackPod({ stream, refuse, protocol }: PodBehaviour): Promise<LoopbackPod> {
  const requests: IncomingMessage[] = [];
  const sockets = new Set<Duplex>();
  const left: (() => void)[] = [];
  const streams = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => protocol ?? [...offered][0] ?? false,
  });
  const server = await startLoopback((_, response) => response.writeHead(400).end('no upgrade'));
  server.http.on('connection', (socket: Duplex) => {
    sockets.add(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0) for (const tell of left.splice(0)) tell();
    });
  });
  server.http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    requests.push(request);
    socket.on('error', () => undefined);
    if (refuse) {
      // When the other side ends, so does this one.
      socket.on('end', () => socket.end()).resume();
      refuse(socket, request);
    } else streams.handleUpgrade(request, socket, head, (accepted) => stream?.(accepted));
  });
  return {
    config: server.config,
    requests,
    untilLeft: () => new Promise((resolve) => (sockets.size === 0 ? resolve() : left.push(resolve))),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await server.close();
    },
  };
}

/** A message on a channel: 1 stdout, 2 stderr, 3 the Status. */
export function onChannel(channel: number, content: string | object): Buffer {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return Buffer.concat([Buffer.of(channel), Buffer.from(text)]);
}

/** The Status of a program that has ended with a code. */
export function exitStatus(exitCode: number): object {
  if (exitCode === 0) return { metadata: {}, status: 'Success' };
  const causes = [{ reason: 'ExitCode', message: String(exitCode) }];
  return { metadata: {}, status: 'Failure', reason: 'NonZeroExitCode', details: { causes } };
}
