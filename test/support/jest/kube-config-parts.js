// What KubeConfig takes from the generated API of the client, which has 700 more files (docs/adr/0013).
export { createConfiguration } from '../../../node_modules/@kubernetes/client-node/dist/gen/configuration.js';
export { ServerConfiguration } from '../../../node_modules/@kubernetes/client-node/dist/gen/servers.js';
