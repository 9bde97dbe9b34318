import type { Facts, SeenCondition, SeenWorkload } from '../facts.ts';
import type { Finding } from '../finding.ts';
import { counted } from '../../words/counted.ts';
import { joined } from '../when.ts';

/** What keeps a workload from making pods, in the words of its controller, the quota or admission. */
const CREATE_CAUSES: readonly [RegExp, means: string, todo: string][] = [
  [
    /exceeded quota/i,
    'The quota of the namespace leaves no room for another pod.',
    'Raise the quota, or use less of it: kubectl describe quota',
  ],
  [
    /must specify|failed quota/i,
    'A quota of the namespace wants requests or limits that the pod does not set.',
    'Set the named requests and limits in the template of the pod.',
  ],
  [
    /violates PodSecurity/i,
    'The Pod Security level of the namespace forbids such a pod.',
    'Change the securityContext in the template as the words above say.',
  ],
  [
    /serviceaccount "[^"]*" not found|error looking up service account/i,
    'The pod names a service account that does not exist.',
    'Create the service account, or correct serviceAccountName in the template.',
  ],
  [
    /(?:maximum|minimum) .* per (?:Container|Pod)/i,
    'A LimitRange of the namespace does not allow what the pod asks for.',
    'Change requests and limits in the template: kubectl describe limitrange',
  ],
  [
    /admission webhook|denied request|denied the request/i,
    'A webhook or an admission policy of the cluster refuses the pod.',
    'Change the template as the words above say, or ask who runs that webhook.',
  ],
  [
    /failed calling webhook/i,
    'A webhook of the cluster does not answer, so no such pod can be made.',
    'Ask who runs that webhook.',
  ],
];

/** What is wrong with the workload: it makes no pods, does not get on, or has given up. */
export function workload(facts: Facts): Finding[] {
  const found = facts.workloads.flatMap((one) => [
    ...(one.status?.conditions ?? []).flatMap((condition) => byCondition(one, condition)),
    ...standing(one, facts),
  ]);
  const failed = failedCreate(facts);
  return [...found, ...failed].filter(
    // A Deployment repeats the words of its ReplicaSet.
    (one, index, all) => all.findIndex((other) => other.kind === one.kind && other.seen[0] === one.seen[0]) === index,
  );
}

function named({ kind, metadata }: SeenWorkload): string {
  return `${kind} ${metadata.name}`;
}

function byCondition(owner: SeenWorkload, condition: SeenCondition): Finding[] {
  const { type, status, message = '' } = condition;
  if (type === 'ReplicaFailure' && status === 'True') return [cannotCreate(named(owner), message)];
  if (type === 'Progressing' && status === 'False') return [stuck(owner, condition)];
  return owner.kind === 'Job' && type === 'Failed' && status === 'True' ? [failedJob(owner, condition)] : [];
}

function stuck(owner: SeenWorkload, { reason, message }: SeenCondition): Finding {
  const undo = `kubectl rollout undo ${owner.kind.toLowerCase()}/${owner.metadata.name}`;
  return {
    kind: reason ?? 'NotProgressing',
    weight: 'broken',
    title: `${named(owner)} does not get on with its rollout`,
    seen: [joined([reason, message], ': ')],
    means: 'The new pods did not become ready within progressDeadlineSeconds. The old ones go on meanwhile.',
    todo: [`Mend the cause, or go back: ${undo} -n ${owner.metadata.namespace ?? ''}`],
  };
}

function failedJob(owner: SeenWorkload, { reason, message }: SeenCondition): Finding {
  const limit = owner.spec?.backoffLimit ?? 6;
  return {
    kind: reason ?? 'JobFailed',
    weight: 'broken',
    title: `${named(owner)} has failed`,
    seen: [joined([reason, message], ': ')],
    means:
      reason === 'DeadlineExceeded'
        ? 'It took longer than its activeDeadlineSeconds, so its pods were ended.'
        : `Its pods failed more often than its backoffLimit (${limit}) allows, so it makes no more.`,
    todo: ['Mend the cause, and create the Job again: a failed Job does not start anew.'],
  };
}

/** The same by events, where the condition is not there: StatefulSets, DaemonSets and Jobs have none. */
function failedCreate({ events, workloads, pod }: Facts): Finding[] {
  const isFailing = workloads.some(({ status }) => status?.conditions?.some(({ type }) => type === 'ReplicaFailure'));
  // Of a workload that has the pod since, the events are of the past.
  if (isFailing || pod !== undefined) return [];
  const [said] = events.filter(({ reason, isWarning }) => reason === 'FailedCreate' && isWarning);
  if (said === undefined) return [];
  const [kind = '', name = ''] = said.about.split(' ');
  const owner = workloads.find((one) => one.kind.toLowerCase() === kind && one.metadata.name === name);
  return [cannotCreate(owner === undefined ? said.about : named(owner), said.message, said.count)];
}

function cannotCreate(name: string, message: string, count?: number): Finding {
  const cause = CREATE_CAUSES.find(([pattern]) => pattern.test(message));
  return {
    kind: 'FailedCreate',
    weight: 'broken',
    title: `${name} cannot create a pod`,
    seen: [message, ...(count === undefined ? [] : [`said ${counted(count, 'time')}`])],
    means: cause?.[1] ?? 'The API server refuses its pods, for the reason above.',
    todo: [cause?.[2] ?? 'Change the template of the pod as the words above say.'],
  };
}

function standing(owner: SeenWorkload, { pod }: Facts): Finding[] {
  const base = { weight: 'note' as const, seen: [] };
  if (owner.spec?.suspend === true) {
    const means = 'A suspended Job has no pods until spec.suspend is false.';
    return [{ ...base, kind: 'Suspended', title: `${named(owner)} is suspended`, means, todo: [] }];
  }
  if (owner.spec?.replicas === 0 && pod === undefined && owner.kind !== 'ReplicaSet') {
    return [
      {
        ...base,
        kind: 'ScaledToZero',
        title: `${named(owner)} is scaled to 0`,
        means: 'It has no pods because it is to have none.',
        todo: [`Scale it: kubectl scale ${owner.kind.toLowerCase()}/${owner.metadata.name} --replicas=1`],
      },
    ];
  }
  if (owner.spec?.paused === true) {
    const means = 'Changes of its template make no new pods until the rollout is resumed.';
    return [{ ...base, kind: 'Paused', title: `${named(owner)} is paused`, means, todo: [] }];
  }
  return [];
}
