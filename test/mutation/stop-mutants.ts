import { session, type Mutant } from './mutant.ts';

/** Bugs in how a container is ended from outside. */
export const STOP_MUTANTS: readonly Mutant[] = [
  session(
    'stop/stop',
    'what has been begun is taken back with its cause',
    'if (run.stop !== undefined) return run.stop.cause;',
    '',
  ),
  session(
    'stop/stop',
    'a pod is evicted that nobody gave away',
    "session.spec.ifUnstoppable === 'EvictPod' ? ['Eviction'] : []",
    "['Eviction']",
  ),
  session(
    'stop/stop',
    'a node is asked though the policy forbids it',
    "stopsByNode === true ? stopByOf(rules) : 'InsideOnly'",
    "stopsByNode === true ? 'InsideFirst' : 'InsideOnly'",
  ),
  session(
    'run/stopped-by-node',
    'the node has the credit though it has done nothing',
    "return last === 'asked'",
    'return true',
  ),
  session(
    'stop/stop',
    'a supervisor is given no time at its deadline',
    "run.effective?.supervisor === 'None' ? 0 : margin",
    '0',
  ),
  session(
    'look/actions',
    'what was tried on the first container counts for the second',
    'last.containerID === containerID',
    'last.outcome !== undefined',
  ),
  session('stop/stop', 'a container is given up after one round', 'now >= retryAt\n', 'now >= retryAt + 1e12\n'),
];
