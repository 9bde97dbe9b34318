import type { Plugin } from 'esbuild';

/**
 * What the bundle uses of node:http, from the modules that node:http itself is made of. What else is asked for comes
 * from node:http, which is loaded then.
 */
const contents = `
const { Agent, globalAgent } = require('node:_http_agent');
const { ClientRequest } = require('node:_http_client');
const { IncomingMessage } = require('node:_http_incoming');
const { OutgoingMessage } = require('node:_http_outgoing');
const { Server, ServerResponse, STATUS_CODES } = require('node:_http_server');
const parts = {
  Agent, globalAgent, ClientRequest, IncomingMessage, OutgoingMessage, Server, ServerResponse, STATUS_CODES,
  createServer: (...options) => new Server(...options),
  request: (...options) => new ClientRequest(...options),
  // Node's default. undici asks for it when it is loaded.
  maxHeaderSize: 16 * 1024,
};
for (const name of ['METHODS', 'get', 'validateHeaderName', 'validateHeaderValue'])
  Object.defineProperty(parts, name, { enumerable: true, get: () => require('node:http')[name] });
module.exports = parts;
`;

/**
 * Keeps node:http from being loaded at start. Node reads all of its exports then, and one of them loads Node's own
 * undici, with its fetch and WebSocket: 7 MB resident and 40 ms, for nothing (docs/adr/0060).
 */
export const lightHttp: Plugin = {
  name: 'light-http',
  setup(build) {
    build.onResolve({ filter: /^(node:)?http$/ }, ({ namespace }) =>
      namespace === 'light-http' ? { path: 'node:http', external: true } : { path: 'http', namespace: 'light-http' },
    );
    build.onResolve({ filter: /^node:_http_/, namespace: 'light-http' }, ({ path }) => ({ path, external: true }));
    build.onLoad({ filter: /.*/, namespace: 'light-http' }, () => ({ contents, loader: 'js' }));
  },
};
