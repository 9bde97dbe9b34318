import { existsSync, readFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import type { Instance } from './instance.ts';
import { instanceFiles } from './paths.ts';

/** Asks the cluster whether it is ready, without the cost of starting kubectl for each question. */
export interface ApiProbe {
  apiReady(): Promise<boolean>;
  /**
   * The node is Ready, carries no taint and new pods find their service account: what is created now starts at once.
   */
  nodeReady(): Promise<boolean>;
  /**
   * The kubelet knows the pods that the API server has for it; before that, logs, exec and attach say "pod does not
   * exist".
   */
  podsKnown(): Promise<boolean>;
  /** kube-proxy has written its rules at least once. */
  servicesReady(): Promise<boolean>;
}

const answerWithinMs = 2000;

export function apiProbe(instance: Instance): ApiProbe {
  const { pki } = instanceFiles(instance.folder);
  if (!existsSync(join(pki, 'done'))) {
    const no = () => Promise.resolve(false);
    return { apiReady: no, nodeReady: no, podsKnown: no, servicesReady: no };
  }
  const [ca, cert, key] = ['ca.crt', 'admin.crt', 'admin.key'].map((file) => readFileSync(join(pki, file)));
  const get = (path: string, server = instance.server) =>
    new Promise<{ status: number; body: string }>((resolve) => {
      const failed = () => resolve({ status: 0, body: '' });
      const call = request(`${server}${path}`, { ca, cert, key, agent: false, timeout: answerWithinMs });
      call.on('response', (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
        response.on('error', failed);
      });
      call.on('timeout', () => call.destroy());
      call.on('error', failed);
      call.end();
    });
  const kubelet = `https://${instance.nodeAddress}:10250`;
  return {
    apiReady: async () => (await get('/readyz')).status === 200,
    nodeReady: async () => {
      const [node, account, health] = await Promise.all([
        get(`/api/v1/nodes/${instance.nodeName}`),
        get('/api/v1/namespaces/default/serviceaccounts/default'),
        // After a restart the node still counts as Ready for a while, whether or not its kubelet is back.
        get('/healthz', kubelet),
      ]);
      const answered = [node, account, health].every(({ status }) => status === 200);
      return answered && isNodeReady(JSON.parse(node.body) as NodeState);
    },
    podsKnown: async () => {
      const selector = encodeURIComponent(`spec.nodeName=${instance.nodeName}`);
      const [wanted, known] = await Promise.all([get(`/api/v1/pods?fieldSelector=${selector}`), get('/pods', kubelet)]);
      return wanted.status === 200 && known.status === 200 && knowsAll(uids(known.body), uids(wanted.body));
    },
    servicesReady: () => answers(`http://${instance.nodeAddress}:10256/healthz`),
  };
}

/** The part of a Node that is looked at. */
export interface NodeState {
  readonly spec?: { readonly taints?: readonly { readonly key?: string }[] };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

export function isNodeReady(node: NodeState): boolean {
  const ready = node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  // A kubelet that reports memory pressure, as a test may have it do, lets pods with limits in all the same.
  const taints = (node.spec?.taints ?? []).filter(({ key }) => key !== 'node.kubernetes.io/memory-pressure');
  return ready && taints.length === 0;
}

function knowsAll(known: ReadonlySet<string>, wanted: ReadonlySet<string>): boolean {
  return [...wanted].every((uid) => known.has(uid));
}

/**
 * The pods of a PodList. A static pod has one uid with the API server and another with its kubelet, which notes its own
 * in an annotation of the pod it mirrors.
 */
function uids(body: string): Set<string> {
  const { items } = JSON.parse(body) as {
    items: { metadata: { uid: string; annotations?: Record<string, string>; deletionTimestamp?: string } }[] | null;
  };
  const living = (items ?? []).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return new Set(living.map(({ metadata }) => metadata.annotations?.['kubernetes.io/config.mirror'] ?? metadata.uid));
}

function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const call = plainRequest(url, { agent: false, timeout: answerWithinMs }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(false));
    call.end();
  });
}
