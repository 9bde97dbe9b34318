import type { Plugin } from 'esbuild';

/**
 * The skeleton's constructor makes these two; everything else it would call is overridden or never called by
 * src/operator.ts.
 */
const forSkeleton = `
export { KubeConfig } from '@kubernetes/client-node/dist/config.js';
/** Held by the skeleton, called by nobody. */
export class CoreV1Api {}
`;

/** What KubeConfig takes from the generated API. */
const forKubeConfig = `
export { createConfiguration } from '@kubernetes/client-node/dist/gen/configuration.js';
export { ServerConfiguration } from '@kubernetes/client-node/dist/gen/servers.js';
`;

/** The skeleton's HTTP client, for the status writes that we do ourselves. */
const forStatusWrites = `
export const instance = { request() { throw new Error('the HTTP client of @dot-i/k8s-operator is not in the bundle'); } };
`;

/**
 * undici without its fetch, WebSocket, EventSource, caches and mocks. Its own index loads them all, and gives a
 * dispatcher its methods as here.
 */
const forRequests = `
import api from 'undici/lib/api/index.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
Object.assign(Dispatcher.prototype, api);
export { default as Agent } from 'undici/lib/dispatcher/agent.js';
export { default as ProxyAgent } from 'undici/lib/dispatcher/proxy-agent.js';
/** For parts of the client that are left out. */
export function fetch() { throw new Error('fetch of undici is not in the bundle'); }
`;

/** By what is imported and the end of the importing file's path: what is bundled in its place. */
const replacements = [
  { path: '@kubernetes/client-node', importer: '@dot-i/k8s-operator/dist/operator.js', contents: forSkeleton },
  { path: 'gaxios', importer: '@dot-i/k8s-operator/dist/operator.js', contents: forStatusWrites },
  { path: './gen/index.js', importer: '@kubernetes/client-node/dist/config.js', contents: forKubeConfig },
  // Whoever asks.
  { path: 'undici', importer: '', contents: forRequests },
] as const;

/**
 * Leaves out of the bundle what nobody calls: the client's classes of every Kubernetes resource are 5 of its 7 MB, and
 * each of them would be loaded at start (docs/adr/0013). After an update of these packages a missing name fails the
 * build, or the first start in any test.
 */
export const slimClient: Plugin = {
  name: 'slim-client',
  setup(build) {
    build.onResolve(
      { filter: /^(@kubernetes\/client-node|gaxios|undici|\.\/gen\/index\.js)$/ },
      ({ path, importer }) => {
        const found = replacements.findIndex((one) => one.path === path && importer.endsWith(one.importer));
        return found < 0 ? undefined : { path: String(found), namespace: 'slim-client' };
      },
    );
    build.onLoad({ filter: /.*/, namespace: 'slim-client' }, ({ path }) => ({
      contents: replacements[Number(path)]?.contents ?? '',
      resolveDir: build.initialOptions.absWorkingDir ?? process.cwd(),
    }));
    // Its package.json does not say so, but none of its modules does anything when it is loaded.
    build.onResolve({ filter: /.*/ }, async ({ path, importer, resolveDir, kind, pluginData, with: attributes }) => {
      const isClient = path.startsWith('@kubernetes/client-node') || importer.includes('/@kubernetes/client-node/');
      if (!isClient || pluginData === slimClient) return undefined;
      const options = { importer, resolveDir, kind, with: attributes, pluginData: slimClient };
      const resolved = await build.resolve(path, options);
      return resolved.path.includes('/@kubernetes/client-node/') ? { ...resolved, sideEffects: false } : resolved;
    });
  },
};
