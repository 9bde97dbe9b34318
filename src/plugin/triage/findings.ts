import type { Facts, PodFacts } from './facts.ts';
import type { Finding } from './finding.ts';
import { crash } from './finders/crash.ts';
import { finished } from './finders/finished.ts';
import { gates } from './finders/gates.ts';
import { imagePull } from './finders/image-pull.ts';
import { init } from './finders/init.ts';
import { node } from './finders/node.ts';
import { notCreated } from './finders/not-created.ts';
import { notSetUp } from './finders/not-set-up.ts';
import { outOfMemory } from './finders/out-of-memory.ts';
import { probes } from './finders/probes.ts';
import { terminating } from './finders/terminating.ts';
import { unscheduled } from './finders/unscheduled.ts';
import { workload } from './finders/workload.ts';

/** In the order of a pod's life: what comes first keeps the rest from happening. */
const OF_PODS: readonly ((facts: PodFacts) => Finding[])[] = [
  terminating,
  finished,
  unscheduled,
  node,
  notSetUp,
  imagePull,
  notCreated,
  outOfMemory,
  crash,
  init,
  probes,
  gates,
];

/** The gravest first. */
export const WEIGHTS = ['broken', 'warning', 'note'] as const;

/** Everything that is found, the gravest first. Empty: nothing wrong is seen. */
export function findings(facts: Facts): Finding[] {
  const ofPod = hasPod(facts) ? OF_PODS.flatMap((find) => find(facts)) : [];
  return [...ofPod, ...workload(facts)].sort(
    (one, other) => WEIGHTS.indexOf(one.weight) - WEIGHTS.indexOf(other.weight),
  );
}

export function hasPod(facts: Facts): facts is PodFacts {
  return facts.pod !== undefined;
}
