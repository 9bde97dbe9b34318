/**
 * Every reason that a condition, a run or an event of a DebugSession can have: where it stands, what it means, and what
 * to do about it. They are stable: programs and alerts match on them. src/api/reasons.ts makes the types of them, and
 * `npm run docs` writes the tables of docs/reference.md. Nothing imports this file at run time but that script and the
 * tests.
 */

/**
 * Where a reason stands, and whether it is final there: no waiting changes it, only a raised `spec.attempt`. Undefined:
 * it says nothing of that. Every status that a test sees is held to it (test/support/world/reasons-in-place.ts).
 */
export const PLACES = {
  /** `Injected` is False in the phase Pending: what an injection waits for. */
  waiting: { isFinal: false, columns: ['reason', 'meaning', 'what to do'] },
  /** `Reconciling` is True in the phase Starting: what an injection, or a container that was injected, waits for. */
  starting: { isFinal: false, columns: ['reason', 'meaning', 'what to do'] },
  /** `Failed` is True: the session may not run, or nothing can be started in its pod. */
  beforeInjection: { isFinal: true, columns: ['reason', 'meaning', 'what to do'] },
  /** `Failed` is True: the API server refused the injection. */
  refused: { isFinal: true, columns: ['reason', 'meaning', 'what to do'] },
  /** `Failed` is True: the container was injected, and did not run or did not run the command. */
  notStarted: { isFinal: true, columns: ['reason', 'meaning', 'what to do'] },
  /** `Accepted`, `Injected` or `Running` is True. */
  reached: { isFinal: undefined, columns: ['reason', 'of', 'meaning'] },
  /** `Complete` is True: why the run ended. */
  complete: { isFinal: true, columns: ['reason', 'meaning', 'what to do'] },
  /** `StopConfirmed`, whatever its status. */
  stopConfirmed: { isFinal: undefined, columns: ['reason', 'status', 'meaning', 'what to do'] },
  /** `PodRetired`, whatever its status. */
  podRetired: { isFinal: undefined, columns: ['reason', 'status', 'meaning', 'what to do'] },
  /** `DeletionWaiting` is True: why a deleted session is still there. */
  deletionWaiting: { isFinal: undefined, columns: ['reason', 'status', 'meaning', 'what to do'] },
  /** An event has it, whether a condition has it too or not. */
  event: { isFinal: undefined, columns: ['reason', 'type', 'when', 'what to do'] },
} as const;

/** A table of docs/reference.md. */
export type ReasonPlace = keyof typeof PLACES;

interface ReasonEntry {
  /**
   * `injection`: why nothing was injected (yet). `failure`: why a run failed, besides those. `stop`: why an end is not
   * confirmed. `confirmation`: what `StopConfirmed` says of a run that is over. `other`: what became of a session
   * otherwise, and what only an event says.
   */
  readonly kind: 'injection' | 'failure' | 'stop' | 'confirmation' | 'other';
}

/** Of an injection that is tried again. */
const NOT_TAKEN =
  'the API server has not taken the injection for 5 s; the message has its words, and `Injected` is False. It is tried again until `startTimeout`';

/** What a table says of a reason, in Markdown. */
export interface ReasonRow {
  /** The status of the condition, the type of the event, or the condition itself. */
  readonly with?: string;
  readonly meaning: string;
  /** What to do. Absent: nothing. */
  readonly remedy?: string;
}

type Entry = ReasonEntry & { readonly [place in ReasonPlace]?: ReasonRow };

export const REASONS = {
  PodNotFound: {
    kind: 'injection',
    waiting: {
      meaning: 'there is no pod of that name in the namespace',
      remedy: 'check the name; a pod that is to be created is waited for',
    },
    beforeInjection: {
      meaning:
        'the pod was deleted after it had been chosen, or went while the session waited and its name was generated',
      remedy: 'raise `attempt` to debug the new one; name the workload in `workloadRef`',
    },
  },
  PodNotScheduled: {
    kind: 'injection',
    waiting: {
      meaning: "the pod has no node; the message has the scheduler's words",
      remedy: 'see why it is not scheduled: `kubectl describe pod`',
    },
  },
  PodNotReadyToStartContainers: {
    kind: 'injection',
    waiting: {
      meaning:
        'the node has not set the pod up: a volume, its sandbox or its network is missing (condition `PodReadyToStartContainers`), or its kubelet has not reported it yet. Nothing is injected: nothing could start, and Kubernetes never removes a debug container',
      remedy: '`kubectl describe pod` has the reason in its events',
    },
  },
  PodTerminating: {
    kind: 'injection',
    waiting: {
      meaning: 'the pod is being deleted, and nothing can be started in it',
      remedy: 'wait for a pod of that name to come back (StatefulSet), or debug another',
    },
    beforeInjection: {
      meaning:
        'the pod was deleted after it had been chosen, and nothing can start in it any more. Or the pod is being deleted and its name was generated, so no pod of that name comes back',
      remedy: 'raise `attempt` to debug the new one; name the workload in `workloadRef`',
    },
    notStarted: { meaning: 'the pod was deleted before the container was started', remedy: 'debug another' },
    reached: {
      with: 'Running=True',
      meaning:
        'the pod is being deleted, the message says since when: the kubelet ends, or has ended, the container, and reports it running until the pod is done. There is no `attachCommand`',
    },
  },
  WorkloadNotFound: {
    kind: 'injection',
    waiting: {
      meaning: 'there is no such workload, or it selects no pods',
      remedy: 'check `kind` and `name`; it is looked for again every 3 s, later every minute',
    },
  },
  NoReadyPod: {
    kind: 'injection',
    waiting: {
      meaning: "none of the workload's pods is ready",
      remedy: 'to debug one that is not ready, name it in `podName`',
    },
  },
  AdmissionPolicyMissing: {
    kind: 'injection',
    waiting: {
      meaning: 'the operator cannot read the admission policy that says who asks (`Accepted` is Unknown)',
      remedy: 'the message has the reason: an API server that does not answer, or a right: apply `config/rbac`',
    },
    beforeInjection: {
      meaning:
        'the requester is not certain (`Accepted` is False too). The admission policy on `spec.requestedBy` or its binding is missing, or differs from the one that this operator knows. Or it was created or changed after the session, or in the 5 s before',
      remedy:
        "`kubectl apply -k config/admission` of the operator's version (`kubectl replace`, where it was altered); ask again 5 s later",
    },
  },
  PolicyNotFound: {
    kind: 'injection',
    waiting: {
      meaning:
        'there is no DebugPolicy of that name, or it could not be read yet; the message says which (`Accepted` is Unknown)',
      remedy: 'check `policyName`; one that is to be made is waited for',
    },
    beforeInjection: {
      meaning: 'the policy was deleted between the recorded intent and the injection (`Accepted` is False too)',
      remedy: 'raise `attempt`: it waits anew',
    },
    podRetired: {
      with: 'False',
      meaning: 'its policy is not there or could not be read; looked at again when policies change',
      remedy: 'make the policy',
    },
  },
  LimitReached: {
    kind: 'injection',
    waiting: {
      meaning:
        'a limit of its policy is reached: the message says which, and how many sessions live. `Accepted` stays True; it starts in the order of asking',
      remedy: 'wait, or end another session',
    },
    beforeInjection: {
      meaning: 'others took the last place between the recorded intent and the injection',
      remedy: 'raise `attempt`: it waits anew',
    },
  },
  TargetContainerNotRunning: {
    kind: 'injection',
    waiting: {
      meaning: 'the container to be joined does not run; the message says how it ended',
      remedy: 'wait, or leave `containerName` out: [crash-looping containers](guides/crash-looping.md)',
    },
    starting: { meaning: 'as under [Failed](#failed); the kubelet tries again until `startTimeout`' },
    notStarted: {
      meaning: 'the container to be joined had ended when the kubelet came to it, and did not come back in time',
      remedy: '[guide](guides/crash-looping.md)',
    },
  },
  TargetContainerFinished: {
    kind: 'injection',
    beforeInjection: {
      meaning:
        'the container to be joined has ended, and no restart policy or rule starts it again: an init container that is done, or a container that is not restarted',
      remedy: 'leave `containerName` out, or name a container that runs',
    },
  },
  PreviousRunNotOver: {
    kind: 'injection',
    waiting: {
      meaning:
        'the earlier attempt still runs; or it has failed, but its container has started late and is being ended, or may still start. Two containers of one session never run at a time. The `pendingTimeout` begins after this wait',
      remedy:
        'wait, or end the run; after a failure wait: at most 12 s after its `startTimeout`, or until it has ended, or debug with another session meanwhile. With `supervisor: None` until it has run and ended, or its pod is gone',
    },
  },
  Forbidden: {
    kind: 'injection',
    waiting: {
      meaning: "the operator may not read the workload or its pods, or the namespace's labels",
      remedy: 'the message names the right: apply `config/rbac`',
    },
    refused: {
      meaning:
        "the operator's role lacks `patch` on `pods/ephemeralcontainers`, or `create` on `localsubjectaccessreviews`; the message says which",
      remedy: 'apply `config/rbac`',
    },
  },
  ApiUnavailable: {
    kind: 'injection',
    waiting: { meaning: 'the pod could not be looked at', remedy: "see the operator's log" },
    starting: { meaning: NOT_TAKEN, remedy: 'ask whoever runs what it names, such as a webhook' },
  },
  Injecting: {
    kind: 'other',
    starting: {
      meaning: 'the intent is recorded, the container is being injected. If it stays: the API server does not answer',
      remedy: "see the operator's log",
    },
  },
  ContainerCreating: {
    kind: 'other',
    starting: {
      meaning: 'injected; the kubelet has said nothing of it for 5 s',
      remedy: "look at the node, its image pulls and the pod's volumes",
    },
  },
  ImagePullFailed: {
    kind: 'failure',
    starting: { meaning: 'as under [Failed](#failed); the kubelet tries again until `startTimeout`' },
    notStarted: {
      meaning: "the image was not pulled within `startTimeout`; the message has the registry's words",
      remedy: "check name, tag and the pod's `imagePullSecrets`",
    },
  },
  ContainerConfigError: {
    kind: 'failure',
    starting: { meaning: 'as under [Failed](#failed); the kubelet tries again until `startTimeout`' },
    notStarted: {
      meaning:
        'the kubelet cannot make the container. The user of the image is root under `runAsNonRoot` (the run fails at once). Or a secret or config map of `env` or `envFrom`, or a key in it, is missing',
      remedy: 'name a user in `securityContext.runAsUser`; make the secret: what comes within `startTimeout` counts',
    },
  },
  StartError: {
    kind: 'failure',
    starting: { meaning: 'as under [Failed](#failed); the kubelet tries again until `startTimeout`' },
    notStarted: {
      meaning: 'the container runtime could not start it, in its own words',
      remedy: 'read the message; `workingDir` and `securityContext` are the usual causes',
    },
  },
  Lapsed: {
    kind: 'failure',
    beforeInjection: {
      meaning: '`notAfter` had passed (`Accepted` is False too)',
      remedy: 'move `notAfter`, if the session is still wanted',
    },
  },
  PolicyDenied: {
    kind: 'injection',
    beforeInjection: {
      meaning:
        'its [DebugPolicy](debugpolicy.md) does not allow what it asks for (`Accepted` is False too); the message has every reason',
      remedy: 'ask for less, or by another policy, with a raised `attempt`',
    },
    podRetired: {
      with: 'False',
      meaning: 'its policy does not allow `EvictPod` (any more); the pod is left as it is, for good',
      remedy: 'evict it by hand',
    },
  },
  RequesterNotAllowed: {
    kind: 'injection',
    beforeInjection: {
      meaning:
        'who asked may not use the policy any more: the right was withdrawn after the session was made (`Accepted` is False too)',
      remedy: 'grant `use`: [guide](guides/self-service.md)',
    },
  },
  ApprovalRequired: {
    kind: 'injection',
    waiting: {
      meaning:
        'its DebugPolicy demands approvals, and some are missing (`Accepted` is Unknown). The message says how many, why those that are there do not count, and which right lets a person approve',
      remedy: 'ask somebody with that right: `kubectl dbg approve NAME`: [guide](guides/approval.md)',
    },
    beforeInjection: {
      meaning:
        'an approval was withdrawn, its author lost the right to approve, or the request changed between the recorded intent and the injection. Or the requester is not certain (`Accepted` is False too)',
      remedy: 'raise `attempt`: it asks for approval anew',
    },
    event: { with: 'Normal', meaning: 'an attempt waits for approvals; with the right that is needed' },
  },
  ApprovalDenied: {
    kind: 'injection',
    beforeInjection: {
      meaning:
        'a person who may approve denied the attempt (`Accepted` is False too); the message has their name and reason',
      remedy: 'talk to them; ask for something else with a raised `attempt`',
    },
  },
  PendingTimeout: {
    kind: 'failure',
    beforeInjection: {
      meaning: 'what was waited for did not come within `pendingTimeout`; the message says what it was',
      remedy: 'see [Waiting](#waiting)',
    },
  },
  PodFinished: {
    kind: 'injection',
    beforeInjection: {
      meaning: 'the pod has Succeeded or Failed, and nothing can be started in it',
      remedy: 'read its logs, or debug a copy: [guide](guides/completed-pod.md)',
    },
    notStarted: { meaning: 'the pod finished before the container was started', remedy: 'debug a copy' },
  },
  StaticPod: {
    kind: 'injection',
    beforeInjection: {
      meaning: 'the node runs the pod from a file; Kubernetes takes no ephemeral containers for it',
      remedy: '`kubectl debug node/NODE`: [guide](guides/static-pod.md)',
    },
  },
  WindowsNode: {
    kind: 'injection',
    beforeInjection: { meaning: 'the pod is a Windows pod', remedy: 'sessions work on Linux only' },
  },
  TargetContainerNotFound: {
    kind: 'injection',
    beforeInjection: {
      meaning: 'the pod has no container of that name; the message lists those it has',
      remedy: 'make another session with the right `containerName`',
    },
  },
  VolumeNotFound: {
    kind: 'injection',
    beforeInjection: {
      meaning: 'the pod has no volume of that name; the message lists those it has',
      remedy: 'raise `attempt` with the right name in `volumeMounts`',
    },
  },
  VolumeNotMounted: {
    kind: 'injection',
    beforeInjection: {
      meaning:
        'no container or init container of the pod mounts this volume. The kubelet would have to set it up and, if it could not, would start nothing in the pod any more, the application neither',
      remedy: 'mount one that the application has too: [guide](guides/files.md#the-volumes-of-the-application)',
    },
  },
  TooManyWaiting: {
    kind: 'injection',
    beforeInjection: {
      meaning:
        'the session would have to wait, but its requester already has as many waiting sessions as `limits.waitingPerUser` of its policy allows (by default 50). The message says what the session would have waited for',
      remedy: 'delete some of those that wait, then raise `attempt`',
    },
  },
  TooManyEphemeralContainers: {
    kind: 'injection',
    beforeInjection: {
      meaning:
        "the pod has 50, or as many as `limits.containersPerPod` of the policy; Kubernetes never removes one, and all share the pod's 12 KiB of termination messages",
      remedy: 'restart the pod, or debug another',
    },
  },
  PodTooLarge: {
    kind: 'injection',
    beforeInjection: {
      meaning:
        "the pod takes more than 640 KiB in etcd, including `managedFields` and status. Another debug container, and the kubelet's reports of all of them, could take it beyond half of etcd's limit. A pod at the limit cannot change, become ready or be deleted any more",
      remedy: 'restart the pod, or debug another',
    },
  },
  UnderPressure: {
    kind: 'injection',
    beforeInjection: {
      meaning:
        'the policy has `onPressure: Refuse`, and there is little room for a debug container. The node has MemoryPressure, DiskPressure or PIDPressure, or the limits of the pod leave less than 32 MiB of memory, 50m of CPU or 32 MiB of ephemeral storage. The message has the numbers',
      remedy:
        'raise `attempt` when there is room; name another pod, or a policy with `onPressure: Warn`; [what a session costs](guides/costs.md)',
    },
    event: {
      with: 'Warning',
      meaning:
        'the same, under a policy without `onPressure: Refuse`: the container is injected all the same; the event has the numbers',
      remedy: 'keep the session small and short: [what a session costs](guides/costs.md)',
    },
  },
  ContainerNameTaken: {
    kind: 'injection',
    starting: { meaning: NOT_TAKEN, remedy: 'ask whoever runs what it names, such as a webhook' },
    beforeInjection: {
      meaning: 'the pod has a container of our name that is not of this session',
      remedy: 'raise `attempt`; find out who put it there',
    },
  },
  PodReplaced: {
    kind: 'injection',
    beforeInjection: {
      meaning: 'the pod was deleted, and another of its name is there',
      remedy: 'raise `attempt` to debug the new one',
    },
  },
  SpecChanged: {
    kind: 'failure',
    beforeInjection: {
      meaning: 'the spec was changed, or `attempt` raised, between the recorded intent and the injection',
      remedy: 'raise `attempt` to debug with the new one',
    },
  },
  PodSecurityDenied: {
    kind: 'injection',
    refused: {
      meaning: "the namespace's Pod Security level forbids it; the message lists the fields",
      remedy:
        'another `profile`: [guide](guides/restricted-namespace.md). If the pod itself or an older container in it breaks the level: restart the pod',
    },
  },
  AdmissionDenied: {
    kind: 'injection',
    refused: {
      meaning:
        'a webhook, a policy or another admission plugin denied it, in its own words; or it changes debug containers that stand in the pod already, which Kubernetes forbids',
      remedy: 'ask whoever runs it',
    },
  },
  Invalid: {
    kind: 'injection',
    refused: {
      meaning: 'the API server takes the container, or the pod as a whole, for invalid',
      remedy: "the message names the field. An old pod may be invalid under today's rules (k/k#105241): restart it",
    },
  },
  TooLarge: {
    kind: 'injection',
    refused: {
      meaning: 'the pod has grown beyond what the API server stores',
      remedy: 'restart the pod, or debug another',
    },
  },
  SubresourceUnavailable: {
    kind: 'injection',
    refused: {
      meaning: 'this API server does not serve `pods/ephemeralcontainers`',
      remedy: 'Kubernetes 1.30 or newer is needed; look for a proxy that swallows the path',
    },
  },
  StartTimeout: {
    kind: 'failure',
    notStarted: {
      meaning:
        'not running within `startTimeout`, without a better reason. Where the API server did not take the injection, the message has its last answer',
      remedy: 'give it longer; look at the node, or at what the API server says',
    },
  },
  InvalidImageName: {
    kind: 'failure',
    notStarted: { meaning: 'no image can have that name', remedy: 'correct `image`' },
  },
  CommandNotFound: {
    kind: 'failure',
    notStarted: {
      meaning:
        'the image does not have the command as a file that can be executed, or has no `sh` for `supervisor: Shell`. The message says which: no such file, only a builtin of the shell, a directory, not executable, made for another architecture',
      remedy: 'correct `command`, or use an image with a shell, or `supervisor: None`',
    },
  },
  SupervisorUnsupported: {
    kind: 'failure',
    notStarted: {
      meaning:
        'the command was not run, because nothing could end it in time or give it its variables. The image has `sh` but no `sleep`, or no `env` and `tr` for the variables of the session. Or the container ended at once, and its supervisor left no word',
      remedy: 'another image, or `supervisor: None`',
    },
  },
  TooLate: {
    kind: 'failure',
    notStarted: {
      meaning:
        "by the kubelet's clock it started after `startBy`, and it ended itself at once ([how that is known](ending.md#claims-from-inside))",
      remedy: 'raise `attempt`; a longer `startTimeout`',
    },
  },
  Accepted: {
    kind: 'other',
    reached: { with: 'Accepted=True', meaning: 'the operator accepted the session' },
    event: { with: 'Normal', meaning: 'an attempt was accepted, and waits; with who asked, and the justification' },
  },
  Approved: {
    kind: 'other',
    event: { with: 'Normal', meaning: 'an attempt begins by the approvals of these people, with times and reasons' },
  },
  Injected: {
    kind: 'other',
    reached: { with: 'Injected=True', meaning: "the container is in the pod's spec" },
    event: {
      with: 'Normal',
      meaning:
        'the container was injected; with who asked, and the justification. A warning with the names of the fields if admission changed it on its way (`runs[].changed`)',
    },
  },
  Running: {
    kind: 'other',
    reached: { with: 'Running=True', meaning: 'the kubelet says that it runs' },
  },
  Exited: {
    kind: 'other',
    complete: {
      meaning:
        "the command ended by itself (`endedBy: Command`) or with its pod. Or the kubelet ended it (`endedBy: Kubelet`), for lack of memory, with the container that it had joined, or after the pod had finished. If the kubelet failed the whole pod, the message has the pod's own words, such as `Evicted`. Or something outside ended it and left no trace (`endedBy: Unknown`)",
      remedy: "the message says which; `exitCode` is the command's own",
    },
  },
  Expired: {
    kind: 'other',
    complete: {
      meaning: 'the ttl was over, and its supervisor ended it, or the operator did (`endedBy`)',
      remedy: '`attempt` for more time; a longer `ttl` while it runs',
    },
  },
  Cancelled: {
    kind: 'other',
    complete: {
      meaning:
        '`cancel` or the deletion of the session ended it, or its policy, which does not allow it any more (`revokeRunning`; `runs[].stop.cause` is `Revoked`), or it was called off before it ran',
    },
    event: { with: 'Normal', meaning: 'the attempt was called off before its container ran' },
  },
  PodGone: {
    kind: 'other',
    complete: {
      meaning: 'the pod is gone or was replaced, and nobody saw the container end',
      remedy: 'look at `StopConfirmed`',
    },
  },
  ContainerStatusUnknown: {
    kind: 'other',
    complete: {
      meaning:
        "the kubelet lost sight of the container (node lost, container record removed): nobody knows how it ended; the message has the pod's own words, if it has any",
      remedy: 'look at `StopConfirmed`',
    },
  },
  Unknown: {
    kind: 'other',
    complete: { meaning: 'a record without a reason: never written by this operator', remedy: 'report it' },
  },
  Terminated: {
    kind: 'confirmation',
    stopConfirmed: { with: 'True', meaning: 'the kubelet reported the container terminated' },
  },
  NothingToStop: {
    kind: 'confirmation',
    stopConfirmed: {
      with: 'True',
      meaning: 'no container was injected, or the one in the pod can never start (`InvalidImageName`)',
    },
  },
  LastMomentPassed: {
    kind: 'confirmation',
    stopConfirmed: {
      with: 'Unknown',
      meaning:
        'not seen to run, and its supervisor would refuse a start by now; the session keeps its finalizer until the pod is gone',
      remedy: 'delete the pod to be certain',
    },
  },
  ForceDeleted: {
    kind: 'confirmation',
    stopConfirmed: {
      with: 'Unknown',
      meaning:
        'the pod went, or finished, before the container was seen to end; a node that is cut off may run it still',
      remedy: 'look at the node',
    },
  },
  NodeLost: {
    kind: 'confirmation',
    stopConfirmed: {
      with: 'Unknown',
      meaning: 'the kubelet has lost sight of the container',
      remedy: 'look at the node',
    },
  },
  MayStartLate: {
    kind: 'confirmation',
    stopConfirmed: {
      with: 'Unknown',
      meaning: 'it stands in the pod and the kubelet may start it yet; past `startBy` it would end itself at once',
      remedy: 'with `supervisor: None` delete the pod if it must not start',
    },
  },
  Stopping: {
    kind: 'stop',
    stopConfirmed: { with: 'False', meaning: 'it is being ended (phase Ending)' },
  },
  NoRoute: {
    kind: 'stop',
    stopConfirmed: {
      with: 'False',
      meaning:
        "the container has to end, and the operator has no way to end it. The image has no shell, a right is missing, or the exec cannot tell this container's processes from others. The message says which",
      remedy: 'end its command, or delete the pod',
    },
  },
  ProcessSurvived: {
    kind: 'stop',
    stopConfirmed: {
      with: 'False',
      meaning:
        'all that can be sent from inside was sent, and it lives: its first process takes no signal from its own process namespace',
      remedy: 'end its command, or delete the pod; `ifUnstoppable: EvictPod`',
    },
  },
  ExecFailed: {
    kind: 'stop',
    stopConfirmed: {
      with: 'False',
      meaning:
        'the exec failed, in the words of the server or the container runtime, or what it ran printed too much or did not end within 15 s; tried again',
      remedy: 'look at the node',
    },
  },
  NodeUnreachable: {
    kind: 'stop',
    stopConfirmed: {
      with: 'False',
      meaning: 'the API server does not reach the kubelet; tried again',
      remedy: 'look at the node; a supervisor keeps the deadline meanwhile',
    },
  },
  NodeStopFailed: {
    kind: 'stop',
    stopConfirmed: {
      with: 'False',
      meaning:
        'the pod that asks the runtime of the node to stop the container was refused, did not start, or came back without success; the message has its words; tried again',
      remedy:
        'as the message says: `--cri-socket`, the image of the operator on that node, or the policy debugsession-node-stop',
    },
  },
  EvictionBlocked: {
    kind: 'stop',
    stopConfirmed: {
      with: 'False',
      meaning: 'a PodDisruptionBudget stands against the eviction; tried again',
      remedy: 'the message has its name',
    },
    podRetired: {
      with: 'False',
      meaning: "a PodDisruptionBudget stands against it, in the API server's words; tried again",
    },
  },
  StartedLate: {
    kind: 'confirmation',
    stopConfirmed: {
      with: 'False',
      meaning: 'it started after its run had failed, and is being ended',
      remedy: 'the message says when it ends; else delete the pod',
    },
    event: {
      with: 'Warning',
      meaning: 'a container started after its run had failed',
      remedy: 'as in `StopConfirmed`',
    },
  },
  RanAgain: {
    kind: 'confirmation',
    stopConfirmed: { with: 'False', meaning: 'the kubelet ran it again after its end, and it is being ended' },
    event: { with: 'Warning', meaning: 'the kubelet ran the container again after its end' },
  },
  Retired: {
    kind: 'other',
    podRetired: { with: 'True', meaning: 'the pod is gone, is going or has finished' },
  },
  Evicting: {
    kind: 'other',
    podRetired: { with: 'False', meaning: 'its eviction was asked for' },
    event: {
      with: 'Normal',
      meaning:
        'the pod is evicted, because nothing else ends the container (`ifUnstoppable`). Warning if it has no controller: what it holds is lost',
    },
  },
  EvictionFailed: {
    kind: 'other',
    podRetired: {
      with: 'False',
      meaning: 'the eviction was refused otherwise; tried again',
      remedy: 'the message says why: the right `create` on `pods/eviction`',
    },
  },
  CapabilitiesIdle: {
    kind: 'other',
    event: {
      with: 'Warning',
      meaning:
        "the container adds capabilities and, by its own or its pod's `runAsUser`, runs as another user than 0: they have no effect",
      remedy: '`securityContext.runAsUser: 0`',
    },
  },
  DelaysCompletion: {
    kind: 'other',
    event: {
      with: 'Warning',
      meaning:
        "the pod can finish, like that of a Job: none of its containers has `restartPolicy: Always`, of its own or of the pod. The kubelet ends the debug container when the pod's own containers have ended for good. The pod completes only after that",
      remedy: 'end the session before; a short `terminationGracePeriodSeconds`',
    },
  },
  Started: {
    kind: 'other',
    event: { with: 'Normal', meaning: 'it runs; with the time of its end' },
  },
  PodDisturbed: {
    kind: 'other',
    event: {
      with: 'Warning',
      meaning:
        'while the container ran, a container of the pod was killed for lack of memory or was restarted, or the pod was evicted, whoever caused it; `runs[].during` has each',
      remedy: 'look at the limits of the pod: a debug container has none of its own and uses those',
    },
  },
  Ended: {
    kind: 'other',
    event: {
      with: 'Normal',
      meaning: 'it ended; exit code, who ended it, how long it ran. Warning if the pod went and nobody saw it end',
    },
  },
  Failed: {
    kind: 'other',
    event: {
      with: 'Warning',
      meaning: 'the attempt failed; with the reason of `Failed`',
      remedy: 'see [Failed](#failed)',
    },
  },
  Rejected: {
    kind: 'other',
    event: {
      with: 'Warning',
      meaning:
        'the attempt was not accepted (`Lapsed`, `AdmissionPolicyMissing`, `PolicyDenied`, `PolicyNotFound`, `RequesterNotAllowed`)',
      remedy: 'see [Failed](#failed)',
    },
  },
  TtlChanged: {
    kind: 'other',
    event: {
      with: 'Normal',
      meaning: '`ttl` was changed while the container runs, and counts; with the time of its end',
    },
  },
  TtlChangeRefused: {
    kind: 'other',
    event: {
      with: 'Warning',
      meaning:
        'the container keeps its old `ttl`: the operator cannot tell it the new one, or the policy allows less. The event has the reason and the time that stays',
      remedy: 'grant `pods/exec`, or raise `attempt` once it has ended',
    },
  },
  StopUnconfirmed: {
    kind: 'other',
    event: {
      with: 'Warning',
      meaning: 'the container has to end and was not ended; once, with what was tried',
      remedy: 'as in `StopConfirmed`',
    },
  },
  Retiring: {
    kind: 'other',
    event: {
      with: 'Normal',
      meaning:
        'the pod is evicted, because a session has run in it (`podAfterSession`). Warning if it has no controller: what it holds is lost',
    },
  },
  ContainerRuns: {
    kind: 'other',
    deletionWaiting: {
      with: 'True',
      meaning: 'its container has not ended: it is being ended',
      remedy: 'if it stays so, delete the pod',
    },
  },
  ContainerMayStart: {
    kind: 'other',
    deletionWaiting: {
      with: 'True',
      meaning: 'its container stands in the pod, has not run, and the kubelet may start it',
      remedy: 'delete the pod',
    },
  },
  ContainerOutOfSight: {
    kind: 'other',
    deletionWaiting: {
      with: 'True',
      meaning: 'the kubelet has lost sight of its container',
      remedy: 'look at the node; delete the pod',
    },
  },
  DeletionWaiting: {
    kind: 'other',
    event: {
      with: 'Warning',
      meaning: 'a session was deleted, and its container does not run but may start; the session goes with the pod',
      remedy: 'delete the pod',
    },
  },
} as const satisfies Readonly<Record<string, Entry>>;
