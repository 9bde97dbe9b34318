import type { Stage } from '../support/cluster/stage.ts';

/** What people do with one session, in the same order every time. */
export interface Scenario {
  /** One or two words, fit for the name of a namespace. */
  name: string;
  /** Two operators, of which one leads: the other one stands by. */
  hasStandby?: true;
  /** Before the operator is there: the pods and whatever else there is. */
  prepare: (stage: Stage) => Promise<unknown>;
  /** What people do; each step waits for what the step before leads to. */
  play: (stage: Stage) => Promise<unknown>;
  /** Resolves once all is as it has to be in the end; it may be asked again. */
  settled: (stage: Stage) => Promise<unknown>;
  /** What the scenario made outside of its namespace goes. */
  cleanUp?: (stage: Stage) => Promise<unknown>;
}
