import { createHash, randomBytes } from 'node:crypto';
import { microTime } from './micro-time.ts';
import { cutToBytes } from '../text/cut-to-bytes.ts';
import { oneLine } from '../text/one-line.ts';

/** core/v1 ObjectReference, as far as events use it. */
export interface ObjectReference {
  apiVersion: string;
  kind: string;
  namespace?: string;
  name: string;
  uid: string;
  resourceVersion?: string;
  fieldPath?: string;
}

/** What happened, as the caller sees it. */
export interface EventRecord {
  /** What the event is about; its namespace is the event's. */
  regarding: ObjectReference;
  related?: ObjectReference;
  type: 'Normal' | 'Warning';
  /** Why, CamelCase, at most 128 characters. */
  reason: string;
  /** What was done or failed, CamelCase, at most 128 characters. */
  action: string;
  /** For people. Made one line, cut to 1024 bytes. */
  note: string;
  /**
   * Names the occurrence: of all events with the same regarding uid, reason and key only the first is kept, also
   * across restarts and instances. Without a key an event that repeats becomes a series.
   */
  key?: string;
}

export interface EventSeries {
  count: number;
  lastObservedTime: string;
}

/** events.k8s.io/v1 Event, as it is sent. The deprecated core fields must stay unset there. */
export interface EventObject {
  apiVersion: 'events.k8s.io/v1';
  kind: 'Event';
  metadata: { name: string; namespace: string };
  eventTime: string;
  reportingController: string;
  reportingInstance: string;
  action: string;
  reason: string;
  regarding: ObjectReference;
  related?: ObjectReference;
  note: string;
  type: 'Normal' | 'Warning';
  series?: EventSeries;
}

export interface EventReporter {
  /** A qualified name, such as `example.com/controller`. */
  controller: string;
  /** This process, such as the pod's name. */
  instance: string;
}

/** Builds the Event. The limits are those of the API server's validation (pkg/apis/core/validation/events.go). */
export function buildEvent(record: EventRecord, reporter: EventReporter, now: number): EventObject {
  const { regarding, related, type, reason, action, note, key } = record;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    // Events about cluster-scoped objects live in `default`.
    metadata: { name: eventName(record, key), namespace: regarding.namespace || 'default' },
    eventTime: microTime(now),
    reportingController: reporter.controller,
    reportingInstance: reporter.instance.slice(0, 128),
    action: action.slice(0, 128),
    reason: reason.slice(0, 128),
    regarding,
    ...(related ? { related } : {}),
    note: cutToBytes(oneLine(note), 1024),
    type,
  };
}

/**
 * `kubectl describe` lists events by their names where they carry no time it knows, so a key that sorts tells the story
 * in order.
 */
function eventName({ regarding, reason }: EventRecord, key: string | undefined): string {
  const suffix =
    key === undefined ? randomBytes(8).toString('hex') : `${slug(key)}.${digest([regarding.uid, reason, key])}`;
  // A DNS subdomain of at most 253 characters: no dot and no dash before the dot.
  return `${regarding.name.slice(0, 190).replace(/[.-]+$/, '')}.${suffix}`;
}

function digest(words: string[]): string {
  return createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 16);
}

function slug(key: string): string {
  return `k${key.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`.slice(0, 40).replace(/-+$/, '');
}
