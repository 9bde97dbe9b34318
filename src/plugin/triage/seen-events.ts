import { fromTimestamp } from '../../api/time.ts';

/** A core/v1 Event, as far as it is read. */
export interface RawEvent {
  metadata?: { uid?: string };
  type?: string;
  reason?: string;
  message?: string;
  count?: number;
  firstTimestamp?: string | null;
  lastTimestamp?: string | null;
  eventTime?: string | null;
  series?: { count?: number; lastObservedTime?: string };
  involvedObject: { kind?: string; name?: string; uid?: string; fieldPath?: string };
}

/** What the cluster said of an object, once or several times in the same words. */
export interface SeenEvent {
  isWarning: boolean;
  reason: string;
  message: string;
  count: number;
  /** When it was said last, in ms since the epoch. Absent: unknown. */
  at?: number;
  /** The object, such as `pod web`. */
  about: string;
  /** The container of the pod that it is about. */
  container?: string;
}

/**
 * The events of the object with this uid, and of no other: a pod of a StatefulSet has the name of its predecessor.
 * Undefined: the uid is not known, and all count.
 */
export function ofObject(events: readonly RawEvent[], uid: string | undefined): RawEvent[] {
  return events.filter(({ involvedObject }) => uid === undefined || (involvedObject.uid ?? uid) === uid);
}

/**
 * Events in the words of a triage, newest first. Events that say the same are one; an event that was read twice counts
 * once.
 */
export function seenEvents(events: readonly RawEvent[]): SeenEvent[] {
  const merged = new Map<string, SeenEvent>();
  const once = events.filter(
    ({ metadata: { uid } = {} }, index) =>
      uid === undefined || events.findIndex(({ metadata }) => metadata?.uid === uid) === index,
  );
  for (const event of once.map(seenEvent)) {
    const key = JSON.stringify([event.about, event.container, event.reason, event.message]);
    const known = merged.get(key);
    merged.set(key, known === undefined ? event : together(known, event));
  }
  return [...merged.values()].sort((one, other) => (other.at ?? 0) - (one.at ?? 0));
}

function seenEvent({ type, reason = '', message = '', involvedObject, ...event }: RawEvent): SeenEvent {
  const { kind = 'object', name = '', fieldPath = '' } = involvedObject;
  const at = lastSaid(event);
  const [, container] = /^spec\.(?:initC|ephemeralC|c)ontainers\{([^}]+)\}$/.exec(fieldPath) ?? [];
  return {
    isWarning: type === 'Warning',
    reason,
    message,
    count: event.series?.count ?? event.count ?? 1,
    ...(at !== undefined && { at }),
    about: `${kind.toLowerCase()} ${name}`,
    ...(container !== undefined && { container }),
  };
}

/** Old and new kinds of events have their times in different fields. */
function lastSaid({ series, lastTimestamp, eventTime, firstTimestamp }: Partial<RawEvent>): number | undefined {
  const times = [series?.lastObservedTime, lastTimestamp, eventTime, firstTimestamp];
  return times.map((time) => fromTimestamp(time ?? undefined)).find((time) => time !== undefined);
}

function together(one: SeenEvent, other: SeenEvent): SeenEvent {
  const at = Math.max(one.at ?? 0, other.at ?? 0);
  return { ...one, count: one.count + other.count, ...(at > 0 && { at }) };
}
