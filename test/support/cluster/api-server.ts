import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { cluster } from '../../cluster/cluster.ts';
import { repositoryPath } from '../documents/crd.ts';

/** What the API server answered: `message` is the server's own when it refused. */
export interface Answer {
  status: number;
  message: string;
  body: Record<string, unknown>;
}

export type PatchType = 'merge-patch' | 'apply-patch';

/** Plain requests, none of which checks or changes what is sent: a test must be able to send nonsense. */
export interface ApiServer {
  get(path: string): Promise<Answer>;
  post(path: string, body: unknown): Promise<Answer>;
  put(path: string, body: unknown): Promise<Answer>;
  patch(path: string, type: PatchType, body: unknown): Promise<Answer>;
  remove(path: string): Promise<Answer>;
  close(): void;
}

/**
 * A client for the cluster that `cluster()` finds, as its administrator. Close it, or its idle connections keep the
 * process alive.
 */
export async function apiServer(): Promise<ApiServer> {
  const config = new KubeConfig();
  const { kubeconfig } = cluster();
  if (kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(kubeconfig);
  const current = config.getCurrentCluster();
  if (current === null) throw new Error('the kubeconfig names no current cluster');
  const credentials: RequestOptions = {};
  await config.applyToHTTPSOptions(credentials);
  const { ca, cert, key, headers, rejectUnauthorized } = credentials;
  const agent = new Agent({ keepAlive: true, maxSockets: 4, ca, cert, key, rejectUnauthorized });

  const send = (method: string, path: string, body?: unknown, type = 'application/json'): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const options = { method, agent, headers: { ...headers, 'content-type': type } };
      const sent = httpsRequest(`${current.server}${path}`, options, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('error', reject);
        response.on('end', () => resolve(answer(response.statusCode ?? 0, text)));
      });
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });

  return {
    get: (path) => send('GET', path),
    post: (path, body) => send('POST', path, body),
    put: (path, body) => send('PUT', path, body),
    patch: (path, type, body) =>
      send('PATCH', path, body, `application/${type}+${type === 'merge-patch' ? 'json' : 'yaml'}`),
    remove: (path) => send('DELETE', path),
    close: () => agent.destroy(),
  };
}

function answer(status: number, text: string): Answer {
  const body = JSON.parse(text) as Record<string, unknown>;
  const message = typeof body['message'] === 'string' ? body['message'] : '';
  return { status, message, body };
}

/** Runs kubectl as the administrator; its standard output. Throws with its standard error when it fails. */
export async function kubectl(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster().kubectl(args);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
  return stdout;
}

/** Installs the CRDs of this repository, and waits until they are served. Idempotent. */
export async function installCrds(): Promise<void> {
  await kubectl('apply', '-f', repositoryPath('crds'));
  const crds = ['debugsessions', 'debugpolicies'].map((plural) => `crd/${plural}.debugsession.dev`);
  await kubectl('wait', '--for=condition=Established', '--timeout=300s', ...crds);
}
