import type { DebugSession } from '../../src/api/debugsession.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import type { Policies } from '../support/builders/policies.ts';
import { Approver } from '../support/cluster/approver.ts';
import { confirmation } from '../support/cluster/ending.ts';
import type { Stage } from '../support/cluster/stage.ts';

export interface End {
  /** One of them. */
  phases: readonly string[];
  /** Absent: any. */
  reason?: string;
  runs: number;
}

/** A session that is in a certain phase while one operator follows another. */
export interface Phase {
  /** What the session is called. */
  name: string;
  /** The first operator brings it there. */
  begin: (stage: Stage, policies: Policies) => Promise<unknown>;
  /** What people do with it afterwards. */
  goOn: (stage: Stage) => Promise<unknown>;
  /** What comes of it; absent: it is gone. */
  end?: End;
  /**
   * The run starts after the hand-over: of an attempt that waited before, that is raised afterwards on a session from
   * before, or of a session that is created afterwards.
   */
  starts?: 'waited' | 'raised' | 'created';
}

type Spec = Parameters<Stage['createSession']>[1];

const target = { podName: 'web', containerName: 'app' };
const command = ['true'];
const stays = { target, command: ['sleep', '600'], ttl: '20m' };
/** Process 1 of a process namespace of its own, without a handler: no signal from inside reaches it. */
const immune: Spec = {
  target: { podName: 'immune' },
  supervisor: 'None',
  command: ['sleep', '600'],
  ttl: '20m',
};
/** Without a supervisor, and willing. */
const willing = ['sh', '-c', 'trap "exit 0" TERM HUP; while :; do sleep 1; done'];

async function running(stage: Stage, name: string, spec: Spec): Promise<void> {
  await stage.createSession(name, spec);
  await stage.untilPhase(name, 'Running');
}

async function completed(stage: Stage, name: string): Promise<void> {
  await stage.createSession(name, { target, command });
  await stage.untilSession(name, (s) => s.status?.phase === 'Completed' && isLetGo(s));
}

/** The operator has no more to do for it. */
export function isLetGo({ metadata }: DebugSession): boolean {
  return (metadata.finalizers ?? []).length === 0;
}

/** Every phase in which a session may be when its operator is replaced. */
export const PHASES: readonly Phase[] = [
  {
    name: 'waits-for-approval',
    begin: async (stage, policies) => {
      const policyName = await policies.create('approved', { approval: { required: 1 }, allow: ['TargetContainer'] });
      await stage.createSession('waits-for-approval', { target, command, policyName });
      await stage.untilSession('waits-for-approval', (s) => s.status?.reason === 'ApprovalRequired');
    },
    starts: 'waited',
    goOn: async (stage) => (await Approver.open(stage, 'alice')).decides('waits-for-approval'),
    end: { phases: ['Completed'], runs: 1 },
  },
  {
    name: 'waits-for-its-pod',
    begin: async (stage) => {
      await stage.createSession('waits-for-its-pod', { target: { podName: 'later' }, command });
      await stage.untilPhase('waits-for-its-pod', 'Pending');
    },
    starts: 'waited',
    goOn: (stage) => stage.createPod('later', appPod()),
    end: { phases: ['Completed'], runs: 1 },
  },
  {
    name: 'injected',
    begin: async (stage) => {
      const image = 'localhost/nobody/has:this';
      await stage.createSession('injected', { target: { podName: 'stale' }, image, command, startTimeout: '20m' });
      await stage.untilPod('stale', (pod) => ephemeralNames(pod).length === 1);
      await stage.untilPhase('injected', 'Starting');
    },
    // Only the end of the pod says that the container never starts.
    goOn: async (stage) => {
      await stage.changeSession('injected', { cancel: true });
      await stage.untilPhase('injected', 'Cancelled');
      await stage.deletePod('stale');
    },
    end: { phases: ['Cancelled'], runs: 1 },
  },
  {
    name: 'runs',
    begin: (stage) => running(stage, 'runs', stays),
    goOn: (stage) => stage.changeSession('runs', { cancel: true }),
    end: { phases: ['Cancelled'], runs: 1 },
  },
  {
    name: 'runs-out',
    begin: (stage) => running(stage, 'runs-out', stays),
    goOn: (stage) => stage.changeSession('runs-out', { ttl: '1s' }),
    end: { phases: ['Expired'], runs: 1 },
  },
  {
    name: 'runs-alone',
    begin: (stage) => running(stage, 'runs-alone', { ...stays, supervisor: 'None', command: willing }),
    goOn: (stage) => stage.changeSession('runs-alone', { cancel: true }),
    end: { phases: ['Cancelled'], runs: 1 },
  },
  {
    name: 'ending',
    begin: async (stage) => {
      await running(stage, 'ending', immune);
      await stage.changeSession('ending', { cancel: true });
      await stage.untilSession('ending', (s) => confirmation(s)?.status === 'False');
    },
    goOn: (stage) => stage.deletePod('immune'),
    // It ends with its pod, or before by a stop that was tried again.
    end: { phases: ['Completed', 'Cancelled'], runs: 1 },
  },
  {
    name: 'deleted',
    begin: async (stage) => {
      await running(stage, 'deleted', immune);
      await stage.deleteSession('deleted');
      await stage.untilSession('deleted', (s) =>
        (s.status?.conditions ?? []).some(({ type }) => type === 'DeletionWaiting'),
      );
    },
    // The pod goes with that of the session before.
    goOn: () => Promise.resolve(),
  },
  {
    name: 'over',
    begin: (stage) => completed(stage, 'over'),
    goOn: () => Promise.resolve(),
    end: { phases: ['Completed'], runs: 1 },
  },
  {
    name: 'runs-again',
    begin: (stage) => completed(stage, 'runs-again'),
    starts: 'raised',
    goOn: (stage) => stage.changeSession('runs-again', { attempt: 2 }),
    end: { phases: ['Completed'], runs: 2 },
  },
  {
    name: 'comes-after',
    begin: () => Promise.resolve(),
    starts: 'created',
    goOn: (stage) => stage.createSession('comes-after', { target, command }),
    end: { phases: ['Completed'], runs: 1 },
  },
];
