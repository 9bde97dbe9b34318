import type { OperatorProcess } from '../support/cluster/operator-process.ts';
import type { Stage } from '../support/cluster/stage.ts';
import type { EndState } from './end-state.ts';
import type { FaultProxy } from './proxy/fault-proxy.ts';

/** What a fault may do, and what it is told of the trial. */
export interface Hands {
  stage: Stage;
  /** Before the operator, or before the one of two that leads. */
  proxy: FaultProxy;
  /** The operator behind the proxy. */
  operator: () => OperatorProcess;
  /** Resolves once the other of two operators leads. */
  untilStandbyLeads: () => Promise<void>;
  /** Resolves once people have done all that the scenario has them do. */
  played: Promise<void>;
  /** SIGKILL, then another operator; resolves once that one is ready, or leads. */
  crash: () => Promise<void>;
  /** Before anything is written after a restart of the API server. */
  witnessed: () => Promise<void>;
  /** To be called once the fault is over. */
  done: () => void;
  /** Ends the trial as failed. */
  fail: (error: unknown) => void;
}

/** Another end than without the fault, and the right one all the same. */
export interface OtherEnd {
  settled: (stage: Stage) => Promise<unknown>;
  /** @returns what is wrong with it */
  wrong: (end: EndState) => string[];
}

/** Something that goes wrong once. */
export interface PlannedFault {
  /** Such as `a wrong answer to a write`: faults are counted by it. */
  kind: string;
  /** Such as `killed before write 2 (PUT debugsessions/status)`. */
  name: string;
  /** It takes minutes in which nothing is done but to wait: it does not keep others waiting. */
  isSlow?: true;
  otherEnd?: OtherEnd;
  /** The writes that it may cost, where it strikes more than one request: by default two. */
  mayCost?: number;
  arm: (hands: Hands) => void;
}
