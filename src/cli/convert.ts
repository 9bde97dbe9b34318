import { createHash } from 'node:crypto';
import { DNS_LABEL, isObjectName } from '../api/names.ts';
import { API_VERSION, KIND } from '../api/debugsession.ts';
import { oneLine } from '../text/one-line.ts';
import { convertContainer } from './convert-container.ts';
import type { Draft } from './draft.ts';
import { findingLine, shown, type Place, type Finding } from './finding-line.ts';
import { readDocuments } from './input-documents.ts';
import type { FieldPath } from './input-documents.ts';
import { isObject } from './values.ts';
import { writeDocuments } from './write-documents.ts';

export type Conversion =
  /** `leftOut`: fields without a counterpart. `notes`: what the session says in another way. */
  | { kind: 'converted'; yaml: string; sessions: number; leftOut: string[]; notes: string[] }
  /** Nothing is converted unless everything can be. */
  | { kind: 'unusable'; faults: string[] };

/** Taken: kind and version have decided what the object is. */
const TYPE_META = { apiVersion: undefined, kind: undefined };
/** metadata.name of a session fits into a label. */
const MAX_NAME = 63;

interface Findings {
  leftOut: string[];
  notes: string[];
  faults: string[];
}

/**
 * Turns `EphemeralContainers` documents (v1, the kind that pods/ephemeralcontainers had from Kubernetes 1.16 to 1.21;
 * KEP-277 replaced it by the Pod itself in 1.22) into DebugSessions, one for each container. `text` is JSON or YAML,
 * one document or several, Lists too; `source` is what messages call it. Every message is one printable line.
 */
export function convert(text: string, source: string): Conversion {
  const { documents, faults } = readDocuments(text);
  const findings: Findings = {
    leftOut: [],
    notes: [],
    faults: faults.map((fault) =>
      oneLine(`${source}: document ${fault.document}, line ${fault.line}: ${fault.message}`),
    ),
  };
  const sessions: object[] = [];
  const names = new SessionNames();
  for (const document of documents) {
    sessions.push(...convertObject(document.value, [], { place: { source, document }, findings, names }));
  }
  if (findings.faults.length === 0 && sessions.length === 0) {
    findings.faults.push(oneLine(`${source}: no EphemeralContainers document in it`));
  }
  if (findings.faults.length > 0) return { kind: 'unusable', faults: findings.faults };
  const { leftOut, notes } = findings;
  return { kind: 'converted', yaml: writeDocuments(sessions), sessions: sessions.length, leftOut, notes };
}

interface Context {
  place: Place;
  findings: Findings;
  names: SessionNames;
}

function convertObject(value: unknown, path: FieldPath, context: Context): object[] {
  const { kind, apiVersion } = isObject(value) ? value : {};
  if (isObject(value) && apiVersion === 'v1' && kind === 'List') return convertList(value, path, context);
  if (isObject(value) && apiVersion === 'v1' && kind === 'EphemeralContainers') return convertPod(value, path, context);
  const found = `apiVersion ${shown(apiVersion)}, kind ${shown(kind)}`;
  fault(context, path, `wants apiVersion v1, kind EphemeralContainers (or a List of them), found ${found}`);
  return [];
}

function convertList(list: Record<string, unknown>, path: FieldPath, context: Context): object[] {
  const { items, metadata, ...rest } = list;
  leaveOut(context, path, { ...rest, ...TYPE_META }, 'unknown field');
  if (isObject(metadata)) leaveOut(context, [...path, 'metadata'], metadata, 'of the list, not of a session');
  else if (!isUnset(metadata)) fault(context, [...path, 'metadata'], 'must be an object');
  if (!Array.isArray(items)) {
    fault(context, [...path, 'items'], 'must be a list');
    return [];
  }
  return items.flatMap((item: unknown, index) => convertObject(item, [...path, 'items', index], context));
}

function convertPod(pod: Record<string, unknown>, path: FieldPath, context: Context): object[] {
  const { metadata, ephemeralContainers, ...rest } = pod;
  leaveOut(context, path, { ...rest, ...TYPE_META }, 'unknown field');
  const target = readMetadata(metadata, [...path, 'metadata'], context);
  const at = [...path, 'ephemeralContainers'];
  if (!Array.isArray(ephemeralContainers) || ephemeralContainers.length === 0) {
    fault(context, at, 'must be a list of at least one container');
    return [];
  }
  return ephemeralContainers.map((container: unknown, index) => {
    const converted = convertContainer(container, [...at, index]);
    report(context, converted);
    return session(target, converted, context.names);
  });
}

function readMetadata(metadata: unknown, path: FieldPath, context: Context): { name: string; namespace?: string } {
  const { name, namespace, ...unknown } = isObject(metadata) ? metadata : {};
  leaveOut(context, path, unknown, 'of the pod, not of a session');
  if (!isObjectName(name)) {
    fault(context, [...path, 'name'], `must be the name of the pod, found ${shown(name)}`);
    return { name: '' };
  }
  if (isUnset(namespace)) return { name };
  if (typeof namespace === 'string' && DNS_LABEL.test(namespace)) return { name, namespace };
  fault(context, [...path, 'namespace'], `must be the name of a namespace, found ${shown(namespace)}`);
  return { name };
}

function session(pod: { name: string; namespace?: string }, container: Draft, names: SessionNames): object {
  const { targetContainerName, spec } = container;
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: names.next(pod.name, container.name), ...(pod.namespace ? { namespace: pod.namespace } : {}) },
    spec: {
      target: { podName: pod.name, ...(targetContainerName ? { containerName: targetContainerName } : {}) },
      ...spec,
    },
  };
}

/**
 * Names of pod and container, DNS-safe, at most 63 characters, each once in the whole output (namespaces may be
 * missing).
 */
class SessionNames {
  readonly #taken = new Set<string>();
  readonly #last = new Map<string, number>();

  next(pod: string, container: string): string {
    const base = cut(`${pod}-${container}`.replaceAll('.', '-'), MAX_NAME);
    let name = base;
    let number = this.#last.get(base) ?? 1;
    while (this.#taken.has(name)) {
      number += 1;
      name = `${cut(base, MAX_NAME - 1 - String(number).length)}-${number}`;
    }
    this.#last.set(base, number);
    this.#taken.add(name);
    return name;
  }
}

/** Cut names keep a hash of the whole, so that two pods of one Deployment do not end up alike. */
function cut(name: string, max: number): string {
  if (name.length <= max) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, max - 9).replace(/-+$/, '')}-${hash}`;
}

function leaveOut(context: Context, path: FieldPath, fields: Record<string, unknown>, message: string): void {
  const given = Object.entries(fields).filter(([, value]) => !isUnset(value));
  const leftOut = given.map(([key]) => ({ path: [...path, key], message }));
  report(context, { leftOut, notes: [], faults: [] });
}

function isUnset(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function fault(context: Context, path: FieldPath, message: string): void {
  report(context, { leftOut: [], notes: [], faults: [{ path, message }] });
}

function report({ place, findings }: Context, found: Record<keyof Findings, Finding[]>): void {
  const line = (finding: Finding): string => findingLine(place, finding);
  // One by one: a spread of very many arguments overflows the stack.
  for (const finding of found.leftOut) findings.leftOut.push(line(finding));
  for (const finding of found.notes) findings.notes.push(line(finding));
  for (const finding of found.faults) findings.faults.push(line(finding));
}
