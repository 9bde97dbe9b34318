import { lengthOfTime } from '../../words/length-of-time.ts';
import { containersOf, nameOf } from '../containers.ts';
import type { PodFacts } from '../facts.ts';
import type { Finding } from '../finding.ts';

/** An init container may take a little while. */
const SLOW_MS = 60_000;

/** An init container runs, or a sidecar has not started, and everything behind it waits. */
export function init({ pod, namespace, now }: PodFacts): Finding[] {
  if (pod.metadata.deletionTimestamp !== undefined) return [];
  const all = containersOf(pod);
  const before = all.filter(({ role }) => role !== 'container');
  const at = before.findIndex(
    ({ role, isRunning, isStarted }) => isRunning && (role === 'init container' || !isStarted),
  );
  const container = before[at];
  if (container === undefined) return [];
  const { role, startedAt = now } = container;
  const name = nameOf(container);
  const base = {
    weight: now - startedAt > SLOW_MS ? ('broken' as const) : ('warning' as const),
    container: container.name,
    seen: [
      `${role} ${at + 1} of ${before.length}; these wait for it: ${all
        .slice(at + 1)
        .map((one) => one.name)
        .join(', ')}`,
    ],
  };
  const log = `Read what it waits for: kubectl logs ${pod.metadata.name} -c ${container.name} -n ${namespace}`;
  const time = lengthOfTime(now - startedAt);
  if (role === 'sidecar') {
    return [
      {
        ...base,
        kind: 'SidecarNotStarted',
        title: `${name} has run for ${time} and does not count as started`,
        means: 'Its startup probe has not succeeded yet. The containers behind it start only then.',
        todo: [log],
      },
    ];
  }
  return [
    {
      ...base,
      kind: 'InitContainerRuns',
      title: `${name} has run for ${time} and has not ended`,
      means: 'The containers behind it start only when it has ended without an error.',
      todo: [log, 'Look into it with the session below: it runs, so you can join it.'],
    },
  ];
}
