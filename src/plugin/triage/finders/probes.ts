import { fromTimestamp } from '../../../api/time.ts';
import { containersOf, nameOf, type SeenContainer } from '../containers.ts';
import type { PodFacts } from '../facts.ts';
import type { Finding } from '../finding.ts';
import type { SeenEvent } from '../seen-events.ts';
import { counted } from '../../words/counted.ts';
import { ago, joined } from '../when.ts';
import { type ProbeKind, portNumber, probeMeaning, probeOf, probeWords } from './probe-words.ts';

/** Of a container that is ready, a failure this long ago is none of now. */
const RECENT_MS = 5 * 60_000;
/** Between the kubelet's word and the container's end, besides the grace period. */
const SLACK_MS = 5_000;
const GRACE_S = 30;
const KINDS: readonly ProbeKind[] = ['startup', 'liveness', 'readiness'];

/** Probes that fail, by the kubelet's events; without events by what the status says. */
export function probes(facts: PodFacts): Finding[] {
  const { phase } = facts.pod.status;
  if (phase === 'Succeeded' || phase === 'Failed' || facts.pod.metadata.deletionTimestamp !== undefined) return [];
  return containersOf(facts.pod).flatMap((container) => {
    // A program that does not answer fails each of them: the first has the gravest end.
    const [first] = KINDS.flatMap((kind) => failure(facts, container, kind));
    return first === undefined ? unready(container) : [first];
  });
}

/** The event by which the kubelet ended the container for its probe, if its last end was that. */
export function killedByProbe(
  { pod, events }: PodFacts,
  { name, restarts, hasEnded, end }: SeenContainer,
): SeenEvent | undefined {
  if (end === undefined || (restarts === 0 && !hasEnded)) return undefined;
  const graceMs = (pod.spec.terminationGracePeriodSeconds ?? GRACE_S) * 1000;
  const endedAt = fromTimestamp(end.finishedAt);
  return events.find(
    ({ reason, container, message, at = 0 }) =>
      reason === 'Killing' &&
      container === name &&
      /failed (?:liveness|startup) probe/.test(message) &&
      (endedAt === undefined || (at >= endedAt - graceMs - SLACK_MS && at <= endedAt + SLACK_MS)),
  );
}

function failure(facts: PodFacts, container: SeenContainer, kind: ProbeKind): Finding[] {
  const probe = probeOf(container, kind);
  const said = facts.events.filter(
    (event) =>
      event.reason === 'Unhealthy' &&
      event.container === container.name &&
      event.message.toLowerCase().startsWith(`${kind} probe`),
  );
  const [newest] = said;
  if (probe === undefined || newest === undefined) return [];
  const killed = kind === 'readiness' ? undefined : killedByProbe(facts, container);
  if (!isOfNow(facts, container, { kind, newest, killed })) return [];
  return [
    {
      kind: `${kind.charAt(0).toUpperCase()}${kind.slice(1)}ProbeFails`,
      weight: container.isReady ? 'warning' : 'broken',
      container: container.name,
      title: `The ${kind} probe of ${container.role} ${container.name} fails`,
      seen: [
        ...said
          .slice(0, 2)
          .map(({ message, count, at }) => `${joined([counted(count, 'time'), ago(at, facts.now)])}: ${message}`),
        `the probe: ${probeWords(container, probe)}`,
        ...(killed === undefined ? [] : [`${counted(killed.count, 'time')}: ${killed.message}`]),
      ],
      means: `${probeMeaning(newest.message)} ${consequence(kind, container)}`,
      todo: advice(container, kind),
    },
  ];
}

interface Said {
  kind: ProbeKind;
  newest: SeenEvent;
  killed: SeenEvent | undefined;
}

/** Probes fail while a container starts, and events stay for an hour. */
function isOfNow({ now }: PodFacts, container: SeenContainer, { kind, newest, killed }: Said): boolean {
  const { isReady, isRunning, isStarted, startedAt = 0 } = container;
  if (kind === 'startup' && isStarted) return false;
  if (killed !== undefined) return !isReady || now - (killed.at ?? now) < RECENT_MS;
  if (kind === 'readiness' && isReady) return false;
  const at = newest.at ?? now;
  return isRunning && at >= startedAt && (!isReady || now - at < RECENT_MS);
}

function consequence(kind: ProbeKind, { restarts }: SeenContainer): string {
  switch (kind) {
    case 'readiness':
      return 'The container runs, and Services send it no traffic.';
    case 'liveness':
      return `The kubelet ends the container and starts it again (${counted(restarts, 'restart')}).`;
    case 'startup':
      return `The container does not count as started. The kubelet ends it when the probe has failed often enough (${counted(restarts, 'restart')}).`;
  }
}

function advice(container: SeenContainer, kind: ProbeKind): string[] {
  const probe = probeOf(container, kind);
  const wanted = probe?.httpGet?.port ?? probe?.tcpSocket?.port ?? probe?.grpc?.port;
  const declared = (container.spec.ports ?? []).map(({ containerPort }) => containerPort);
  const number = wanted === undefined ? undefined : portNumber(container, wanted);
  const isOther = number !== undefined && declared.length > 0 && !declared.includes(number);
  return [
    ...(isOther ? [`The container declares port ${declared.join(', ')}, and the probe asks port ${number}.`] : []),
    `Correct the ${kind} probe, or what the program answers to it.`,
  ];
}

/** A container that runs and is not ready has a probe that does not succeed, whatever became of the events. */
function unready(container: SeenContainer): Finding[] {
  const kind = container.spec.startupProbe !== undefined && !container.isStarted ? 'startup' : 'readiness';
  const probe = probeOf(container, kind);
  if (!container.isRunning || container.isReady || probe === undefined) return [];
  return [
    {
      kind: kind === 'startup' ? 'NotStarted' : 'NotReady',
      weight: 'warning',
      container: container.name,
      title: `${nameOf(container)} runs, and its ${kind} probe has not succeeded`,
      seen: [`the probe: ${probeWords(container, probe)}`],
      means: `The program is not up yet, or the probe is wrong. ${consequence(kind, container)}`,
      todo: advice(container, kind),
    },
  ];
}
