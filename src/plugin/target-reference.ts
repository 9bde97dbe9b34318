import { isObjectName } from '../api/names.ts';
import type { Target, WorkloadKind } from '../api/debugsession.ts';
import { nearest } from '../text/nearest.ts';
import { oneLine } from '../text/one-line.ts';

export type TargetReference = { kind: 'target'; target: Target } | { kind: 'fault'; fault: string };

/** The names that kubectl knows these types by. */
const TYPES: Readonly<Record<string, WorkloadKind | 'Pod'>> = {
  pod: 'Pod',
  pods: 'Pod',
  po: 'Pod',
  deployment: 'Deployment',
  deployments: 'Deployment',
  deploy: 'Deployment',
  'deployment.apps': 'Deployment',
  'deployments.apps': 'Deployment',
  statefulset: 'StatefulSet',
  statefulsets: 'StatefulSet',
  sts: 'StatefulSet',
  'statefulset.apps': 'StatefulSet',
  'statefulsets.apps': 'StatefulSet',
  daemonset: 'DaemonSet',
  daemonsets: 'DaemonSet',
  ds: 'DaemonSet',
  'daemonset.apps': 'DaemonSet',
  'daemonsets.apps': 'DaemonSet',
  replicaset: 'ReplicaSet',
  replicasets: 'ReplicaSet',
  rs: 'ReplicaSet',
  'replicaset.apps': 'ReplicaSet',
  'replicasets.apps': 'ReplicaSet',
  job: 'Job',
  jobs: 'Job',
  'job.batch': 'Job',
  'jobs.batch': 'Job',
};

const HOW = 'name a pod, or TYPE/NAME of a deployment, statefulset, daemonset, replicaset or job';

/** What POD or TYPE/NAME of a command line stands for, as kubectl reads it. */
export function readTarget(text: string): TargetReference {
  const [before = '', after, ...rest] = text.split('/');
  const name = after ?? before;
  const type = after === undefined ? 'pod' : before.toLowerCase();
  const kind = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (kind === undefined || rest.length > 0) {
    const meant = nearest(type, Object.keys(TYPES));
    const hint = meant === undefined || rest.length > 0 ? HOW : `did you mean ${meant}/${oneLine(name, 253)}?`;
    return { kind: 'fault', fault: `${quoted(text)} is not a target: ${hint}` };
  }
  if (!isObjectName(name)) return { kind: 'fault', fault: `${quoted(name)} is not a name of a ${kind}: ${HOW}` };
  if (kind === 'Pod') return { kind: 'target', target: { podName: name } };
  const apiVersion = kind === 'Job' ? 'batch/v1' : 'apps/v1';
  return { kind: 'target', target: { workloadRef: { apiVersion, kind, name } } };
}

/** The name that a target goes by in messages: `pod web`, `deployment checkout`. */
export function targetName({ podName, workloadRef }: Target): string {
  return podName === undefined ? `${workloadRef?.kind.toLowerCase()} ${workloadRef?.name}` : `pod ${podName}`;
}

function quoted(text: string): string {
  return JSON.stringify(oneLine(text, 253));
}
