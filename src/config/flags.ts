import { type BindAddress, type LogFormat, type LogLevel, parseBindAddress, parseBoolean, parseCount, type Parsed, parseFileName, parseLogFormat, parseLogLevel, parseNamespace, parseNamespaces, parseObjectName, parsePath, parsePeriod, parseText } from './values.ts';

/**
 * How the operator runs. Durations are milliseconds. Everything that can be set from outside is here, and nowhere else.
 */
export interface Config {
  /** Absent: the client's own rules (KUBECONFIG, ~/.kube/config, the service account of the pod). */
  kubeconfig: string | undefined;
  /** Absent: no metrics are served. */
  metricsBindAddress: BindAddress | undefined;
  /** HTTPS, for those who may; else plain HTTP, on a loopback address only. */
  metricsSecure: boolean;
  /** A folder. Absent: a self-signed certificate is made. */
  metricsCertPath: string | undefined;
  metricsCertName: string;
  metricsCertKey: string;
  /** Absent: no probes are served. */
  healthProbeBindAddress: BindAddress | undefined;
  leaderElect: boolean;
  /** Absent: the namespace of the service account; outside a cluster that of the kubeconfig's context. */
  leaderElectionNamespace: string | undefined;
  leaderElectionId: string;
  leaseDuration: number;
  renewDeadline: number;
  retryPeriod: number;
  maxConcurrentReconciles: number;
  /** Empty: all namespaces. */
  namespaces: readonly string[];
  /** Inject without knowing who asked: on a laptop. */
  insecureNoIdentity: boolean;
  /** Where the pods are made that end containers from their nodes. Absent: no container is ended so. */
  nodeStopNamespace: string | undefined;
  /** Absent: that of the operator's own Deployment. */
  nodeStopImage: string | undefined;
  /** The container runtime's socket on the nodes. Absent: where the runtime of the container has it by default. */
  criSocket: string | undefined;
  /** Read nodes and the metrics API before an injection, and while a session runs. */
  checkPressure: boolean;
  /** The folder of a Secret with the receivers of notices. Absent: nobody is told. */
  notifyPath: string | undefined;
  logLevel: LogLevel;
  logFormat: LogFormat;
  shutdownTimeout: number;
}

export interface Flag<T> {
  name: string;
  /** What --help shows in the place of the value. None: a switch, which may stand without a value. */
  value?: string;
  default: string;
  meaning: string;
  parse(text: string): Parsed<T>;
}

/**
 * One row a flag, in the order of --help. Names and defaults are controller-runtime's (cmd/main.go of kubebuilder) or
 * client-go's where they have one.
 */
export const FLAGS: { [K in keyof Config]: Flag<Config[K]> } = {
  kubeconfig: {
    name: 'kubeconfig',
    value: 'FILE',
    default: '',
    meaning: 'Kubeconfig to use. Not given: KUBECONFIG, then ~/.kube/config, then the service account of the pod.',
    parse: parseText,
  },
  metricsBindAddress: {
    name: 'metrics-bind-address',
    value: 'ADDRESS',
    default: '0',
    meaning: 'Where /metrics is served, such as :8443. 0: nowhere.',
    parse: parseBindAddress,
  },
  metricsSecure: {
    name: 'metrics-secure',
    default: 'true',
    meaning:
      'Serve metrics over HTTPS, to those who may get /metrics. false: plain HTTP to all, on a loopback address only.',
    parse: parseBoolean,
  },
  metricsCertPath: {
    name: 'metrics-cert-path',
    value: 'FOLDER',
    default: '',
    meaning: 'Folder of the certificate for the metrics; it is read anew when it changes. Not given: self-signed.',
    parse: parseText,
  },
  metricsCertName: {
    name: 'metrics-cert-name',
    value: 'FILE',
    default: 'tls.crt',
    meaning: 'Name of the certificate in that folder.',
    parse: parseFileName,
  },
  metricsCertKey: {
    name: 'metrics-cert-key',
    value: 'FILE',
    default: 'tls.key',
    meaning: 'Name of its key in that folder.',
    parse: parseFileName,
  },
  healthProbeBindAddress: {
    name: 'health-probe-bind-address',
    value: 'ADDRESS',
    default: ':8081',
    meaning: 'Where /healthz and /readyz are served. 0: nowhere.',
    parse: parseBindAddress,
  },
  leaderElect: {
    name: 'leader-elect',
    default: 'true',
    meaning: 'Elect a leader through a Lease, so that several replicas can run; false where there is surely but one.',
    parse: parseBoolean,
  },
  leaderElectionNamespace: {
    name: 'leader-election-namespace',
    value: 'NAMESPACE',
    default: '',
    meaning: "Namespace of that Lease. Not given: the pod's own, outside a cluster that of the kubeconfig's context.",
    parse: parseNamespace,
  },
  leaderElectionId: {
    name: 'leader-election-id',
    value: 'NAME',
    default: 'debugsession.dev',
    meaning: 'Name of that Lease.',
    parse: parseObjectName,
  },
  leaseDuration: {
    name: 'leader-election-lease-duration',
    value: 'DURATION',
    default: '15s',
    meaning: 'How long the others wait for a silent leader before one takes its place.',
    // Written into the Lease as whole seconds.
    parse: parsePeriod('1s'),
  },
  renewDeadline: {
    name: 'leader-election-renew-deadline',
    value: 'DURATION',
    default: '10s',
    meaning: 'How long a leader tries to renew before it gives up. Less than the lease duration.',
    parse: parsePeriod('1ms'),
  },
  retryPeriod: {
    name: 'leader-election-retry-period',
    value: 'DURATION',
    default: '2s',
    meaning: 'Time between two tries to get or to renew the Lease. Less than the renew deadline divided by 1.2.',
    parse: parsePeriod('1ms'),
  },
  maxConcurrentReconciles: {
    name: 'max-concurrent-reconciles',
    value: 'N',
    default: '8',
    meaning: 'How many sessions are worked on at once.',
    parse: parseCount(1_000),
  },
  namespaces: {
    name: 'namespaces',
    value: 'A,B',
    default: '',
    meaning: 'Look after sessions in these namespaces only. Not given: in all.',
    parse: parseNamespaces,
  },
  insecureNoIdentity: {
    name: 'insecure-no-identity',
    default: 'false',
    meaning: 'Inject for sessions whose requester is unknown, without the admission policy. For a laptop.',
    parse: parseBoolean,
  },
  nodeStopNamespace: {
    name: 'node-stop-namespace',
    value: 'NAMESPACE',
    default: '',
    meaning:
      'Where pods are made that have a node end a container (config/components/node-stop). Not given: nowhere.',
    parse: parseNamespace,
  },
  nodeStopImage: {
    name: 'node-stop-image',
    value: 'IMAGE',
    default: '',
    meaning: "Image of those pods. Not given: that of the operator's own Deployment.",
    parse: parseText,
  },
  criSocket: {
    name: 'cri-socket',
    value: 'PATH',
    default: '',
    meaning:
      "The container runtime's socket on the nodes. Not given: /run/containerd/containerd.sock or /run/crio/crio.sock.",
    parse: parsePath,
  },
  checkPressure: {
    name: 'check-pressure',
    default: 'false',
    meaning: 'Read nodes, and what pods use from metrics.k8s.io (config/components/pressure). Not given: neither.',
    parse: parseBoolean,
  },
  notifyPath: {
    name: 'notify-path',
    value: 'FOLDER',
    default: '',
    meaning: 'Folder of the Secret that names receivers of notices (config/components/notify). Not given: none.',
    parse: parseText,
  },
  logLevel: {
    name: 'log-level',
    value: 'LEVEL',
    default: 'info',
    meaning: 'Least severe lines to log: trace, debug, info, warn, error or fatal.',
    parse: parseLogLevel,
  },
  logFormat: {
    name: 'log-format',
    value: 'FORMAT',
    default: 'json',
    meaning: 'How lines are logged: json for a log collector, text for people.',
    parse: parseLogFormat,
  },
  shutdownTimeout: {
    name: 'shutdown-timeout',
    value: 'DURATION',
    default: '10s',
    meaning:
      'How long work under way may take to finish after SIGTERM; with leader election no longer than the Lease lasts.',
    parse: parsePeriod('0s'),
  },
};
