import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';

export interface LoopbackServer {
  /** A kubeconfig that points here, with the token `test-token`. */
  config: KubeConfig;
  /** For what is no request and answer, such as an upgrade. */
  http: Server;
  /** Connections accepted so far. */
  connections(): number;
  close(): Promise<void>;
}

/** A plain HTTP server on the loopback interface that answers as the test says. */
export async function startLoopback(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<LoopbackServer> {
  let connections = 0;
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => answer(request, response, body));
  });
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: 'loopback', server: `http://127.0.0.1:${port}/base`, skipTLSVerify: true }],
    users: [{ name: 'tester', token: 'test-token' }],
    contexts: [{ name: 'here', cluster: 'loopback', user: 'tester', namespace: 'shop' }],
    currentContext: 'here',
  });
  return {
    config,
    http: server,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
