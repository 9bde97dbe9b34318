import { join } from 'node:path';
import type { Instance } from './instance.ts';
import { instanceFiles } from './paths.ts';

/** The programs that make up a cluster, in the order in which they start. */
export const componentNames = [
  'etcd',
  'containerd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
] as const;

export type ComponentName = (typeof componentNames)[number];

/**
 * The arguments of a component. Pure. All listen inside the instance's network namespace, so the ports may be
 * everybody's usual ones.
 */
export function componentArguments(name: ComponentName, instance: Instance): string[] {
  return builders[name](instance);
}

const builders: Record<ComponentName, (instance: Instance) => string[]> = {
  etcd: ({ folder }) => [
    `--data-dir=${instanceFiles(folder).etcd}`,
    '--listen-client-urls=http://127.0.0.1:2379',
    '--advertise-client-urls=http://127.0.0.1:2379',
    '--listen-peer-urls=http://127.0.0.1:2380',
    // A test cluster that does not survive a power failure is started anew; without fsync a start is seconds faster.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ],
  containerd: ({ folder }) => ['--config', instanceFiles(folder).containerdConfig],
  'kube-apiserver': (instance) => {
    const { auditLog, auditPolicy, pki } = instanceFiles(instance.folder);
    return [
      '--etcd-servers=http://127.0.0.1:2379',
      '--secure-port=6443',
      // Not loopback: it becomes the endpoint of the service `kubernetes`, which pods have to reach.
      `--advertise-address=${instance.nodeAddress}`,
      `--service-cluster-ip-range=${instance.serviceSubnet}`,
      '--authorization-mode=Node,RBAC',
      '--allow-privileged=true',
      `--tls-cert-file=${join(pki, 'server.crt')}`,
      `--tls-private-key-file=${join(pki, 'server.key')}`,
      `--client-ca-file=${join(pki, 'ca.crt')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${join(pki, 'service-account.pub')}`,
      `--service-account-signing-key-file=${join(pki, 'service-account.key')}`,
      `--kubelet-certificate-authority=${join(pki, 'ca.crt')}`,
      `--kubelet-client-certificate=${join(pki, 'admin.crt')}`,
      `--kubelet-client-key=${join(pki, 'admin.key')}`,
      // The node's name resolves nowhere; without this logs, exec and attach fail with "no such host".
      '--kubelet-preferred-address-types=InternalIP',
      `--audit-policy-file=${auditPolicy}`,
      `--audit-log-path=${auditLog}`,
    ];
  },
  'kube-controller-manager': (instance) => {
    const { pki } = instanceFiles(instance.folder);
    return [
      `--kubeconfig=${kubeconfigFile(instance, 'controller-manager')}`,
      `--service-account-private-key-file=${join(pki, 'service-account.key')}`,
      `--root-ca-file=${join(pki, 'ca.crt')}`,
      `--cluster-signing-cert-file=${join(pki, 'ca.crt')}`,
      `--cluster-signing-key-file=${join(pki, 'ca.key')}`,
      '--use-service-account-credentials',
      '--leader-elect=false',
      '--secure-port=0',
    ];
  },
  'kube-scheduler': (instance) => [
    `--kubeconfig=${kubeconfigFile(instance, 'scheduler')}`,
    '--leader-elect=false',
    '--secure-port=0',
  ],
  kubelet: (instance) => [
    `--config=${instanceFiles(instance.folder).kubeletConfig}`,
    `--kubeconfig=${kubeconfigFile(instance, 'node')}`,
    `--hostname-override=${instance.nodeName}`,
    `--root-dir=${instanceFiles(instance.folder).kubeletRoot}`,
    `--node-ip=${instance.nodeAddress}`,
  ],
  'kube-proxy': (instance) => [
    `--kubeconfig=${kubeconfigFile(instance, 'proxy')}`,
    '--proxy-mode=iptables',
    `--hostname-override=${instance.nodeName}`,
    `--cluster-cidr=${instance.podSubnet}`,
    '--healthz-bind-address=0.0.0.0:10256',
    // The machine's own limits for tracked connections stay as they are.
    '--conntrack-max-per-core=0',
    '--conntrack-tcp-timeout-established=0s',
    '--conntrack-tcp-timeout-close-wait=0s',
  ],
};

export function kubeconfigFile(instance: Instance, user: string): string {
  return join(instance.folder, `${user}.kubeconfig`);
}
