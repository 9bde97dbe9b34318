import type { Pod } from '../../api/pod.ts';
import { MAX_MESSAGE } from '../../api/conditions.ts';
import { fromTimestamp } from '../../api/time.ts';
import { type PodUse, shortRoom } from '../../policy/headroom.ts';
import { oneLine } from '../../text/one-line.ts';
import { never, type Objection } from '../look/objection.ts';
import type { NodePressure, PressureLook } from '../look/pressure.ts';
import type { PolicyView } from '../look/rules.ts';

/** An older sample says nothing of now, in ms. metrics-server takes one each minute or more often. */
const OLDEST_SAMPLE_MS = 5 * 60_000;
/** Characters of the kubelet's words on a condition. */
const MAX_WORDS = 150;

/** Whether what is short forbids a run, by its policy. */
export function refusesPressure(policy: PolicyView | undefined): boolean {
  return policy?.kind === 'found' && policy.spec.onPressure === 'Refuse';
}

/**
 * What a debug container would find short in this place: one clause each, with the numbers. Empty: nothing is known of.
 */
export function pressureOn(pod: Pod, look: PressureLook = {}, now: number): string[] {
  const node = (look.node ?? []).map((pressure) => nodeClause(pod.spec.nodeName ?? '', pressure));
  return [...node, ...shortRoom(pod, look.use && isAbout(pod, look.use, now) ? look.use : undefined)];
}

/** Why the policy wants nothing injected into this pod now, if it does not. */
export function underPressure(
  policyName: string,
  policy: PolicyView | undefined,
  short: readonly string[],
): Objection | undefined {
  if (short.length === 0 || !refusesPressure(policy)) return undefined;
  const message = `DebugPolicy ${policyName} has onPressure Refuse, and ${short.join('; ')}. A debug container has no resources of its own. Raise spec.attempt when there is room, or name another pod, or a policy with onPressure Warn`;
  return never('UnderPressure', oneLine(message, MAX_MESSAGE));
}

function nodeClause(name: string, { type, since, message }: NodePressure): string {
  const words = message === undefined ? '' : ` (${oneLine(message, MAX_WORDS)})`;
  return `node ${name} is under ${type}${since === undefined ? '' : ` since ${oneLine(since, 35)}`}${words}`;
}

/** The metrics API knows a pod by its name: the sample may be of one that had it before. */
function isAbout({ metadata }: Pod, { at }: PodUse, now: number): boolean {
  const sampledAt = fromTimestamp(at);
  if (sampledAt === undefined || now - sampledAt > OLDEST_SAMPLE_MS) return false;
  return sampledAt >= (fromTimestamp(metadata.creationTimestamp) ?? 0);
}
