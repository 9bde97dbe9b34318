import { askFor } from '../create-session.ts';
import { Fault } from '../fault.ts';
import { gatherFacts } from '../judge.ts';
import type { Kubectl } from '../kubectl.ts';
import type { Facts, PodFacts } from './facts.ts';
import type { Finding } from './finding.ts';
import { hasPod } from './findings.ts';
import { insideHint } from './inside-hint.ts';
import { type Offer, offersOf } from './session-offers.ts';
import { type Place, placeOf } from './session-place.ts';

/** Which session would help. */
export type Suggestion =
  | {
      kind: 'session';
      /** To copy. */
      command: string;
      why: string;
      /** To type in it. */
      inside?: string;
      notes: string[];
    }
  /** None can start, or the person may not ask for one. */
  | { kind: 'none'; why: string[] };

/** Each is a request: more policies than these are not tried. */
const MOST_TRIES = 4;

/**
 * The session that fits the findings, that the policies allow as far as they may be read, and that the API server takes
 * from this person: it is asked by a dry run, which makes nothing.
 */
export async function suggest(
  kubectl: Kubectl,
  facts: Facts,
  { found, verbs }: { found: readonly Finding[]; verbs: readonly string[] },
): Promise<Suggestion> {
  if (!hasPod(facts)) return { kind: 'none', why: ['There is no pod that a debug container could start in.'] };
  const place = placeOf(facts, found);
  if (place.kind === 'none')
    return { kind: 'none', why: [`No debug container can start in this pod: ${place.why.replace(/\.+$/, '')}.`] };
  const read = await gatherFacts(kubectl, { metadata: { namespace: facts.namespace }, spec: {} });
  const policies = { ...read, objects: [...read.objects, { ...facts.pod, apiVersion: 'v1', kind: 'Pod' }] };
  const made = offersOf(facts, { place, found, policies, verbs });
  if (made.kind === 'refused') {
    return { kind: 'none', why: ['No policy that you may read allows a session here:', ...made.reasons] };
  }
  let refusals: readonly string[] = [];
  for (const offer of made.offers.slice(0, MOST_TRIES)) {
    const refused = await tryDry(kubectl, offer);
    if (refused === undefined) return accepted(facts, { found, place, offer, unread: read.unread });
    if (refusals.length === 0) refusals = refused;
  }
  return { kind: 'none', why: ['The API server does not take a session from you:', ...refusals] };
}

/** @returns why the API server refuses it, in its words; undefined where it does not */
async function tryDry(kubectl: Kubectl, { manifest }: Offer): Promise<readonly string[] | undefined> {
  try {
    await askFor(kubectl, (more) =>
      kubectl.call(['create', '--dry-run=server', '--output=json'], {
        manifest: { ...manifest, spec: { ...manifest.spec, ...more } },
        isWrite: true,
      }),
    );
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return error.lines;
    throw error;
  }
}

function accepted(
  facts: PodFacts,
  {
    found,
    place,
    offer,
    unread,
  }: { found: readonly Finding[]; place: Place; offer: Offer; unread: string | undefined },
): Suggestion {
  const { command, joins, notes } = offer;
  const inside = insideHint(facts, found, joins);
  const isLess = place.kind === 'join' && !joins;
  return {
    kind: 'session',
    command,
    why: isLess ? 'Your policies let no container be joined: the session has the network of the pod.' : place.why,
    ...(inside !== undefined && { inside }),
    notes: [
      ...notes,
      ...(unread === undefined ? [] : ['It is not checked against DebugPolicy default: you may not read policies.']),
    ],
  };
}
