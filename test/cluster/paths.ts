import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where things are kept. Nothing of it lies inside the repository, so `git clean` costs nobody a six-minute build. */
export interface CachePaths {
  readonly root: string;
  /** Built programs, one folder for each set of pins. */
  readonly programs: string;
  /** One folder for each cluster. */
  readonly clusters: string;
  /**
   * One file for each claimed slot, see slots.ts. The same for the whole machine, whose addresses they share out, and
   * gone when it is switched off.
   */
  readonly slots: string;
}

/** DEBUGSESSION_CACHE, else XDG_CACHE_HOME/debugsession, else ~/.cache/debugsession. */
export function cachePaths(environment: NodeJS.ProcessEnv): CachePaths {
  const base = environment['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const root = environment['DEBUGSESSION_CACHE'] || join(base, 'debugsession');
  return { root, programs: join(root, 'programs'), clusters: join(root, 'clusters'), slots: '/run/debugsession/slots' };
}

/** The files of one instance that more than one module speaks of, by what they are. */
export function instanceFiles(folder: string) {
  return {
    adminKubeconfig: join(folder, 'admin.kubeconfig'),
    auditLog: join(folder, 'log', 'audit.log'),
    auditPolicy: join(folder, 'audit-policy.yaml'),
    bootId: join(folder, 'boot-id'),
    cniConf: join(folder, 'cni', 'conf'),
    cniState: join(folder, 'cni', 'state'),
    containerdConfig: join(folder, 'containerd', 'config.toml'),
    containerdSocket: join(folder, 'containerd', 'containerd.sock'),
    containerdState: join(folder, 'containerd', 'state'),
    etcd: join(folder, 'etcd'),
    images: join(folder, 'images.tar'),
    kubeletConfig: join(folder, 'kubelet', 'config.yaml'),
    kubeletRoot: join(folder, 'kubelet', 'root'),
    logs: join(folder, 'log'),
    pki: join(folder, 'pki'),
    podLogs: join(folder, 'kubelet', 'pod-logs'),
    /** Stands once a start went through: what is missing then is healed, what was never complete is thrown away. */
    complete: join(folder, 'complete'),
    records: join(folder, 'run'),
    staticPods: join(folder, 'kubelet', 'static-pods'),
  };
}
