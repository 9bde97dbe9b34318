import type { AuditEvent } from '../../test/support/cluster/audit-log.ts';
import { percentile } from '../report/statistics.ts';

/**
 * One session, as the benchmark saw it from outside. Wall-clock ms with fractions: API server and benchmark share the
 * machine's clock.
 */
export interface Witness {
  session: string;
  pod: string;
  /** When the session was sent. */
  sent: number;
  /** When its container was seen in the pod's spec. */
  seen: number;
}

/** One step on the way from create to spec: medians (p99) over all sessions, in ms. */
export interface Step {
  step: string;
  /** In how many of the sessions. */
  sessions: number;
  /**
   * Since the last answer of the API server before it: what passes outside of the API server, in the operator or on the
   * way.
   */
  before: { p50: number; p99: number };
  /** From the arrival of the request to its answer. Of a watch, which is answered over time, nothing. */
  served: { p50: number; p99: number };
  /** When it was answered (a watch: asked for), since the session was sent. */
  at: number;
}

interface Mark {
  step: string;
  before: number;
  served: number;
  at: number;
}

/**
 * Where the time goes between a session's creation and its container's being in the pod's spec, by the times the API
 * server noted in its audit log: what passes between one answer and the arrival of the next request is the operator's.
 */
export function timeline(requests: readonly AuditEvent[], witnesses: readonly Witness[]): Step[] {
  const byStep = new Map<string, Mark[]>();
  for (const witness of witnesses) {
    for (const mark of marks(requests, witness)) byStep.set(mark.step, [...(byStep.get(mark.step) ?? []), mark]);
  }
  const steps = [...byStep].map(([step, samples]): Step => {
    const both = (pick: (mark: Mark) => number): { p50: number; p99: number } => ({
      p50: percentile(samples.map(pick), 0.5),
      p99: percentile(samples.map(pick), 0.99),
    });
    const { p50: at } = both((mark) => mark.at);
    return {
      step,
      sessions: samples.length,
      before: both((mark) => mark.before),
      served: both((mark) => mark.served),
      at,
    };
  });
  return steps.sort((a, b) => a.at - b.at);
}

function marks(requests: readonly AuditEvent[], { session, pod, sent, seen }: Witness): Mark[] {
  const created = requests.find(
    ({ verb, objectRef }) => verb === 'create' && objectRef?.resource === 'debugsessions' && objectRef.name === session,
  );
  if (created === undefined) return [];
  const injected = requests.find(
    (request) => isInjection(request) && request.objectRef?.name === pod && isWithin(request),
  );
  const end = injected === undefined ? seen : answered(injected);
  const ours = requests.filter((request) => isOurs(request) && isWithin(request) && received(request) <= end);
  const all = [created, ...ours].sort((a, b) => received(a) - received(b));
  const counts = new Map<string, number>();
  const found = all.map((request): Mark => {
    const name = nameOf(request);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    const arrival = received(request);
    const answers = all.filter((other) => other !== request && isAnswered(other)).map(answered);
    const before = arrival - Math.max(sent, ...answers.filter((time) => time <= arrival));
    const served = isAnswered(request) ? answered(request) - arrival : Number.NaN;
    const step = count === 1 ? name : `${name} (${count})`;
    return { step, before, served, at: (isAnswered(request) ? answered(request) : arrival) - sent };
  });
  return [...found, { step: 'seen in the watch', before: seen - end, served: Number.NaN, at: seen - sent }];

  function isWithin(request: AuditEvent): boolean {
    return received(request) >= sent && received(request) <= seen;
  }
  function isOurs({ user, objectRef }: AuditEvent): boolean {
    const concerns = objectRef?.name === session || objectRef?.name === pod || objectRef?.resource === 'pods';
    return user.username.endsWith('controller-manager') && concerns && objectRef?.resource !== 'events';
  }
}

function isInjection({ user, objectRef }: AuditEvent): boolean {
  return objectRef?.subresource === 'ephemeralcontainers' && user.username.endsWith('controller-manager');
}

function isAnswered({ verb }: AuditEvent): boolean {
  return verb !== 'watch';
}

function nameOf({ verb, objectRef, user }: AuditEvent): string {
  const what = [objectRef?.resource, objectRef?.subresource].filter(Boolean).join('/');
  return user.username.endsWith('controller-manager') ? `${verb} ${what}` : `${verb} ${what} (the person)`;
}

function received({ requestReceivedTimestamp }: AuditEvent): number {
  return microseconds(requestReceivedTimestamp);
}

function answered({ stageTimestamp }: AuditEvent): number {
  return microseconds(stageTimestamp);
}

/** Ms since 1970 of a MicroTime, of which Date would drop the last three digits. */
function microseconds(time: string): number {
  const [seconds = '', fraction = '0'] = time.replace('Z', '').split('.');
  return Date.parse(`${seconds}Z`) + Number(`0.${fraction}`) * 1_000;
}
