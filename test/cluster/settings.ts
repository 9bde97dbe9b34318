import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Instance } from './instance.ts';
import { instanceFiles } from './paths.ts';
import { pauseImage } from './image-names.ts';

/** The configuration files of the components, as text. All pure. */

export function auditPolicy(): string {
  return stringify({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [
      // In full where a test has to see what was written, and by whom.
      { level: 'RequestResponse', resources: [{ group: 'debugsession.dev' }] },
      { level: 'RequestResponse', resources: [{ group: '', resources: ['pods/ephemeralcontainers'] }] },
      // What the kubelet reports, and nothing of the rest of the pod.
      { level: 'Request', resources: [{ group: '', resources: ['pods/status'] }] },
      { level: 'Request', resources: [{ group: 'authorization.k8s.io', resources: ['localsubjectaccessreviews'] }] },
      { level: 'Metadata' },
    ],
  });
}

export function kubeletConfig(instance: Instance): string {
  const { containerdSocket, pki, podLogs, staticPods } = instanceFiles(instance.folder);
  return stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(pki, 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    cgroupDriver: 'cgroupfs',
    // There is no DNS: the node refuses the question, so that a look-up fails at once. Without an address every pod
    // would get a warning event.
    clusterDNS: [instance.nodeAddress],
    clusterDomain: 'cluster.local',
    cgroupRoot: `/${instance.cgroup}`,
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    enforceNodeAllocatable: [],
    evictionHard: {
      'memory.available': '50Mi',
      'nodefs.available': '0%',
      'nodefs.inodesFree': '0%',
      'imagefs.available': '0%',
    },
    // The default refuses cgroup v1 since 1.35; test machines still have it.
    failCgroupV1: false,
    failSwapOn: false,
    imageGCHighThresholdPercent: 100,
    maxPods: 250,
    podLogsDir: podLogs,
    // What fills the process table of a pod must not fill the machine's.
    podPidsLimit: 300,
    // Nor do pods ask the machine's own name servers.
    resolvConf: '',
    serializeImagePulls: false,
    staticPodPath: staticPods,
    tlsCertFile: join(pki, 'node.crt'),
    tlsPrivateKeyFile: join(pki, 'node.key'),
  });
}

export function containerdConfig(instance: Instance): string {
  const { cniConf, containerdSocket, containerdState } = instanceFiles(instance.folder);
  const folder = join(instance.folder, 'containerd');
  return `version = 3
root = "${join(folder, 'root')}"
state = "${containerdState}"
disabled_plugins = ["io.containerd.nri.v1.nri"]
[grpc]
address = "${containerdSocket}"
[plugins.'io.containerd.internal.v1.opt']
path = "${join(folder, 'opt')}"
[plugins.'io.containerd.cri.v1.runtime']
# Without CAP_SYS_RESOURCE runc may not lower oom_score_adj and would refuse to start anything.
restrict_oom_score_adj = true
# The pods' network namespaces lie below our own folder, where the clean-up finds them.
netns_mounts_under_state_dir = true
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
Root = "${join(folder, 'runc')}"
[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ["/usr/lib/cni"]
conf_dir = "${cniConf}"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "${pauseImage}"
`;
}

/**
 * The pod network: a routed pair of interfaces for each pod, and no bridge. Traffic between two pods of the node is
 * routed as well, so a service works without the kernel module br_netfilter.
 */
export function podNetwork(instance: Instance): string {
  const network = {
    cniVersion: '1.0.0',
    name: `debugsession-${instance.name}`,
    plugins: [
      {
        type: 'ptp',
        ipMasq: true,
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: instance.podSubnet }]],
          routes: [{ dst: '0.0.0.0/0' }],
          dataDir: instanceFiles(instance.folder).cniState,
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
  return `${JSON.stringify(network, null, 2)}\n`;
}

/** How a kubeconfig's user proves who he is. */
export type Credentials =
  | { readonly kind: 'certificate'; readonly certificate: string; readonly key: string }
  | { readonly kind: 'token'; readonly token: string };

export function kubeconfig(instance: Instance, user: string, credentials: Credentials): string {
  const proof =
    credentials.kind === 'token'
      ? { token: credentials.token }
      : { 'client-certificate': credentials.certificate, 'client-key': credentials.key };
  const cluster = `debugsession-${instance.name}`;
  const authority = join(instanceFiles(instance.folder).pki, 'ca.crt');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: cluster, cluster: { server: instance.server, 'certificate-authority': authority } }],
    users: [{ name: user, user: proof }],
    contexts: [{ name: cluster, context: { cluster, user } }],
    'current-context': cluster,
  });
}
