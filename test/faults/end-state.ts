import type { DebugSession } from '../../src/api/debugsession.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';

/** What was reached, in words that are the same in every run: no times, no ids. */
export interface EndState {
  sessions: unknown[];
  pods: unknown[];
}

export function endStateOf(sessions: readonly DebugSession[], pods: readonly RawPod[]): EndState {
  return {
    sessions: sessions.map(({ metadata, status }) =>
      comparable({
        name: metadata.name,
        finalizers: metadata.finalizers ?? [],
        labels: metadata.labels ?? {},
        deleted: metadata.deletionTimestamp !== undefined,
        status: lasting(status),
      }),
    ),
    pods: pods.map(({ metadata, spec, status }) =>
      comparable({
        name: metadata.name,
        containers: spec?.ephemeralContainers ?? [],
        states: (status?.ephemeralContainerStatuses ?? []).map(({ name, state = {} }) => ({
          name,
          state: Object.keys(state),
        })),
      }),
    ),
  };
}

/**
 * Without what the record keeps of a fault on the way: why an end was not confirmed for a moment, and that an intent
 * was written again.
 */
function lasting(status: DebugSession['status']): unknown {
  const runs = structuredClone(status?.runs);
  for (const run of runs ?? []) {
    delete run.renewedAt;
    delete run.stop?.unconfirmed;
  }
  return { ...status, ...(runs && { runs }) };
}

const CHANGING: readonly (readonly [RegExp, string])[] = [
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UID'],
  [/\bdebug-[0-9a-f]{8}-/g, 'debug-HASH-'],
  [/\b[0-9a-f]{64}\b/g, 'HASH'],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, 'TIME'],
  [/\b1[789]\d{8}\b/g, 'SECONDS'],
  // An operator that was away sees only what came after the pod.
  [/\b(?:is gone|was replaced by another pod of its name)/g, 'WENT'],
];

/** The namespace of a trial ends in the time at which it was made. */
const NAMESPACE = /\bfault-[a-z0-9-]+\b/g;

function comparable(value: unknown): unknown {
  const text = CHANGING.reduce((all, [pattern, word]) => all.replaceAll(pattern, word), JSON.stringify(value));
  return JSON.parse(text.replaceAll(NAMESPACE, 'NAMESPACE'));
}

/** Where two end states differ: paths and the two values; none when they are the same. */
export function differences(wanted: unknown, found: unknown, path = ''): string[] {
  if (!isObject(wanted) || !isObject(found)) {
    const [a, b] = [JSON.stringify(wanted), JSON.stringify(found)];
    return a === b ? [] : [`${path}: ${b}, and without the fault ${a}`];
  }
  const keys = new Set([...Object.keys(wanted), ...Object.keys(found)]);
  return [...keys].flatMap((key) => differences(wanted[key], found[key], `${path}/${key}`));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
