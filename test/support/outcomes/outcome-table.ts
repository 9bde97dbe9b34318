import type { DebugSessionSpec } from '../../../src/api/debugsession.ts';
import { bashImage, busyboxImage, dashImage, distrolessImage, foreignImage } from '../../cluster/image-names.ts';
import { nosleepImage } from '../../cluster/image-names.ts';
import { UNTIL_TOLD } from '../cluster/until-told.ts';

/** What a test does once the session runs; with a policy that comes later, once it waits for that. */
export type Act =
  | 'cancel'
  | 'bring the policy'
  | 'delete the pod'
  | 'delete the pod at once'
  | 'kill the container'
  | 'set a deadline for the pod'
  | 'let the application finish';

export interface Outcome {
  /** What happened, in words. */
  happened: string;
  /** The container: with or without a supervisor, its shell, on a terminal. */
  shape: string;
  /** `orReason`: what the kubelet makes of it now and then. */
  wanted: { phase: string; reason: string; orReason?: string; endedBy?: string; exitCode?: number; message: string };
  /** How it is made to happen. Absent: it cannot be made to happen here, for the reason in `elsewhere`. */
  made?: { spec: Partial<DebugSessionSpec>; pod?: keyof typeof OUTCOME_PODS; act?: Act };
  elsewhere?: string;
}

/**
 * What the pods are that the rows name, by what is added to one that sleeps. The first is shared by all rows that name
 * none.
 */
export const OUTCOME_PODS = {
  plain: {},
  small: { limits: { memory: '64Mi', cpu: '500m' } },
  disk: { limits: { 'ephemeral-storage': '20Mi' } },
  timed: {},
  // Until it is told to: the session runs by then, however slow the machine is.
  finishing: { restartPolicy: 'Never', script: UNTIL_TOLD },
  going: {},
  gone: {},
} as const;

const SHELLS = { busybox: busyboxImage, dash: dashImage, bash: bashImage };
const SUPERVISED = 'supervised';
const NONE = 'without a supervisor';
const BY_ITSELF = { phase: 'Completed', reason: 'Exited', endedBy: 'Command' };
const NOT_FOUND = { phase: 'Failed', reason: 'CommandNotFound', exitCode: 127 };
const UNSUPPORTED = { phase: 'Failed', reason: 'SupervisorUnsupported' };

const sh = (script: string): string[] => ['sh', '-c', script];

/**
 * Every way in which a session's container ends. docs/ending.md prints it; test/e2e/outcomes.test.ts makes each happen.
 */
export const OUTCOMES: readonly Outcome[] = [
  ...Object.entries(SHELLS).flatMap(([shell, image]): Outcome[] => [
    {
      happened: 'the command ends with 0',
      shape: `${SUPERVISED}, ${shell}`,
      wanted: { ...BY_ITSELF, exitCode: 0, message: 'The command ended by itself, exit code 0' },
      made: { spec: { image, command: ['true'] } },
    },
    {
      happened: 'the command ends with an error',
      shape: `${SUPERVISED}, ${shell}, on a terminal`,
      wanted: { ...BY_ITSELF, exitCode: 3, message: 'The command ended by itself, exit code 3' },
      made: { spec: { image, command: sh('exit 3'), stdin: true, tty: true } },
    },
    {
      happened: 'the command is killed inside',
      shape: `${SUPERVISED}, ${shell}`,
      wanted: { ...BY_ITSELF, exitCode: 137, message: 'The command ended by itself, exit code 137' },
      made: { spec: { image, command: sh('kill -9 $$$$') } },
    },
    {
      happened: 'its ttl is over',
      shape: `${SUPERVISED}, ${shell}`,
      wanted: {
        phase: 'Expired',
        reason: 'Expired',
        endedBy: 'Supervisor',
        exitCode: 129,
        message: 'The supervisor ended it after 5s',
      },
      made: { spec: { image, command: ['sleep', '600'], ttl: '5s' } },
    },
    {
      happened: 'the command is a builtin of the shell',
      shape: `${SUPERVISED}, ${shell}`,
      wanted: { ...NOT_FOUND, message: 'The command was not run: cd is a builtin of the shell' },
      made: { spec: { image, command: ['cd', '/tmp'] } },
    },
  ]),
  {
    happened: 'the command is a directory',
    shape: SUPERVISED,
    wanted: { ...NOT_FOUND, message: 'The command was not run: /etc is a directory' },
    made: { spec: { command: ['/etc'] } },
  },
  {
    happened: 'the command may not be executed',
    shape: SUPERVISED,
    wanted: {
      ...NOT_FOUND,
      message: 'The command was not run: /etc/passwd is a file of the image that cannot be executed',
    },
    made: { spec: { command: ['/etc/passwd'] } },
  },
  {
    happened: 'the image does not have the command',
    shape: SUPERVISED,
    wanted: { ...NOT_FOUND, message: 'The command was not run: no-such-program is no program' },
    made: { spec: { command: ['no-such-program'] } },
  },
  {
    happened: 'a PATH of the requester hides the command',
    shape: SUPERVISED,
    wanted: { ...NOT_FOUND, message: 'env sets PATH, which may be why' },
    made: { spec: { command: ['top'], env: [{ name: 'PATH', value: '/nowhere' }] } },
  },
  {
    happened: 'a PATH of the requester hides the shell',
    shape: NONE,
    wanted: { phase: 'Failed', reason: 'CommandNotFound', exitCode: 128, message: 'env sets PATH, which may be why' },
    made: { spec: { command: ['sh'], env: [{ name: 'PATH', value: '/nowhere' }], supervisor: 'None' } },
  },
  {
    happened: 'the command is of another architecture',
    shape: SUPERVISED,
    wanted: {
      phase: 'Failed',
      reason: 'CommandNotFound',
      message: 'foreign is made for another architecture than the sh',
    },
    made: { spec: { command: ['foreign'] } },
  },
  {
    happened: 'the shell is of another architecture',
    shape: SUPERVISED,
    wanted: { ...UNSUPPORTED, message: 'The command was not run: the container ended at once' },
    made: { spec: { image: foreignImage, command: ['true'] } },
  },
  {
    happened: 'the image has no shell',
    shape: SUPERVISED,
    wanted: { phase: 'Failed', reason: 'CommandNotFound', exitCode: 128, message: 'the image seems to have no sh' },
    made: { spec: { image: distrolessImage, command: ['/app'] } },
  },
  {
    happened: 'the image has no sleep',
    shape: SUPERVISED,
    wanted: { ...UNSUPPORTED, exitCode: 125, message: 'The image has a shell but no sleep' },
    made: { spec: { image: nosleepImage, command: ['true'] } },
  },
  {
    happened: 'the image does not have the command',
    shape: NONE,
    wanted: {
      phase: 'Failed',
      reason: 'CommandNotFound',
      exitCode: 128,
      message: 'The container runtime could not start the container',
    },
    made: { spec: { command: ['no-such-program'], supervisor: 'None' } },
  },
  {
    happened: 'the command ends with an error',
    shape: NONE,
    wanted: { ...BY_ITSELF, exitCode: 4, message: 'The command ended by itself, exit code 4' },
    made: { spec: { command: sh('exit 4'), supervisor: 'None' } },
  },
  {
    happened: 'it ends with the code of a signal, and nothing says why',
    shape: NONE,
    wanted: {
      phase: 'Completed',
      reason: 'Exited',
      endedBy: 'Unknown',
      exitCode: 137,
      message: 'nothing says by whom',
    },
    made: { spec: { command: sh('exit 137'), supervisor: 'None' } },
  },
  {
    happened: 'its ttl is over',
    shape: `${NONE}, a shell with a trap`,
    wanted: { phase: 'Expired', reason: 'Expired', endedBy: 'Exec', exitCode: 5, message: 'because its ttl was over' },
    made: { spec: { command: sh('trap "exit 5" HUP TERM; while :; do sleep 1; done'), supervisor: 'None', ttl: '5s' } },
  },
  {
    happened: 'the session is cancelled',
    shape: SUPERVISED,
    wanted: {
      phase: 'Cancelled',
      reason: 'Cancelled',
      endedBy: 'Exec',
      exitCode: 129,
      message: 'because the session was cancelled',
    },
    made: { spec: { command: ['sleep', '600'] }, act: 'cancel' },
  },
  {
    happened: 'a child is killed for lack of memory, and the command outlives it',
    shape: SUPERVISED,
    wanted: { ...BY_ITSELF, exitCode: 0, message: 'a process of it had been killed for lack of memory' },
    made: { spec: { command: sh('tail -c 150000000 /dev/zero | wc -c; sleep 1') }, pod: 'small' },
  },
  {
    happened: 'the command is killed for lack of memory',
    shape: NONE,
    wanted: {
      phase: 'Completed',
      reason: 'Exited',
      endedBy: 'Kubelet',
      exitCode: 137,
      message: 'killed it for lack of memory',
    },
    made: { spec: { command: ['tail', '-c', '150000000', '/dev/zero'], supervisor: 'None' }, pod: 'small' },
  },
  {
    happened: 'the kubelet evicts the pod for its disk',
    shape: SUPERVISED,
    wanted: {
      ...{ phase: 'Completed', reason: 'Exited', orReason: 'ContainerStatusUnknown', endedBy: 'Kubelet' },
      message: 'the pod says: Evicted',
    },
    made: { spec: { command: sh('dd if=/dev/zero of=/heap bs=1M count=60; sleep 600') }, pod: 'disk' },
  },
  {
    happened: "the pod's activeDeadlineSeconds is over",
    shape: SUPERVISED,
    wanted: {
      phase: 'Completed',
      reason: 'Exited',
      endedBy: 'Kubelet',
      message: 'the pod says: DeadlineExceeded',
    },
    made: { spec: { command: ['sleep', '600'] }, pod: 'timed', act: 'set a deadline for the pod' },
  },
  {
    happened: "the pod's own containers finish",
    shape: SUPERVISED,
    wanted: { phase: 'Completed', reason: 'Exited', endedBy: 'Kubelet', message: 'because the pod had finished' },
    made: { spec: { command: ['sleep', '600'] }, pod: 'finishing', act: 'let the application finish' },
  },
  {
    happened: 'the pod is deleted',
    shape: SUPERVISED,
    wanted: { phase: 'Completed', reason: 'Exited', endedBy: 'PodGone', message: 'ended with its pod' },
    made: { spec: { command: ['sleep', '600'] }, pod: 'going', act: 'delete the pod' },
  },
  {
    happened: 'the pod is deleted at once',
    shape: SUPERVISED,
    wanted: {
      phase: 'Completed',
      reason: 'PodGone',
      endedBy: 'PodGone',
      message: 'is gone, and the container with it',
    },
    made: { spec: { command: ['sleep', '600'] }, pod: 'gone', act: 'delete the pod at once' },
  },
  {
    happened: 'the image was never pulled',
    shape: 'any',
    wanted: { phase: 'Failed', reason: 'ImagePullFailed', message: 'did not run within 20s' },
    made: {
      spec: { image: 'localhost/no/such:image', imagePullPolicy: 'Never', command: ['true'], startTimeout: '20s' },
    },
  },
  {
    happened: 'the name of the image is no name',
    shape: 'any',
    wanted: { phase: 'Failed', reason: 'PolicyDenied', message: 'is not understood' },
    // The API server refuses it at the request, where its policy is there.
    made: { spec: { image: 'localhost/UPPER/Case:1', command: ['true'] }, act: 'bring the policy' },
  },
  {
    happened: 'the profile wants another user than the image has',
    shape: SUPERVISED,
    wanted: { phase: 'Failed', reason: 'ContainerConfigError', message: 'name a user other than 0' },
    made: { spec: { command: ['true'], profile: 'restricted' } },
  },
  {
    happened: 'the pod has no such volume',
    shape: 'any',
    wanted: { phase: 'Failed', reason: 'VolumeNotFound', message: 'has no volume none' },
    made: { spec: { command: ['true'], volumeMounts: [{ name: 'none', mountPath: '/x' }] } },
  },
  {
    happened: 'the container to be joined does not exist',
    shape: 'any',
    wanted: { phase: 'Failed', reason: 'TargetContainerNotFound', message: 'has no container other' },
    made: { spec: { command: ['true'], target: { containerName: 'other' } } },
  },
  {
    happened: 'the node kills the container, and nobody says why',
    shape: SUPERVISED,
    wanted: {
      phase: 'Completed',
      reason: 'Exited',
      endedBy: 'Unknown',
      exitCode: 137,
      message: 'nothing says by whom',
    },
    elsewhere:
      'test/process/session/container/supervisor.test.ts has the word, test/unit/session/run/ending.test.ts the record',
  },
  {
    happened: 'the node goes, and its pod is deleted by force',
    shape: 'any',
    wanted: {
      phase: 'Completed',
      reason: 'PodGone',
      endedBy: 'PodGone',
      message: 'is gone, and the container with it',
    },
    elsewhere: 'test/node/node-away.test.ts: it stops the kubelet',
  },
  {
    happened: 'the kubelet loses sight of the container',
    shape: 'any',
    wanted: {
      phase: 'Completed',
      reason: 'ContainerStatusUnknown',
      endedBy: 'Kubelet',
      message: 'how it ended is not known',
    },
    elsewhere: 'test/unit/session/run/ending.test.ts: a kubelet does so by chance',
  },
];

/** The rows as a table in Markdown. */
export function outcomeRows(): string[] {
  const cell = (text: string | number | undefined): string =>
    text === undefined ? '' : String(text).replaceAll('|', '\\|');
  const rows = OUTCOMES.map(
    ({ happened, shape, wanted: { phase, reason, orReason, endedBy, exitCode, message }, elsewhere }) =>
      [
        ...[
          happened,
          shape,
          `\`${phase}\` \`${reason}\`${orReason === undefined ? '' : ` or \`${orReason}\``}`,
          endedBy === undefined ? '' : `\`${endedBy}\``,
          exitCode,
        ],
        ...[message, elsewhere ?? ''],
      ].map(cell),
  );
  const head = [
    'what happened',
    'container',
    'phase, reason',
    '`endedBy`',
    'exit code',
    'the message says',
    'not made to happen in test/e2e',
  ];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}
