import type { RawPod } from '../../src/reconcile/trim.ts';
import { AuditLog, isWrite, type AuditEvent } from '../../test/support/cluster/audit-log.ts';
import { busyboxImage } from '../../test/cluster/image-names.ts';
import { barePatch } from '../rig/bare-patch.ts';
import { Floor } from '../rig/floor.ts';
import type { Rig } from '../rig/rig.ts';
import { isOver } from '../rig/session-body.ts';
import { inSpecSince, numbered, openStand, type Stand } from '../rig/stand.ts';
import { timeline, type Step, type Witness } from './timeline.ts';
import { countEvents } from './throughput.ts';
import { setTimeout as delay } from 'node:timers/promises';

/** All in ms, one value for each sample, and in turns, so that a busy moment of the machine meets all of them. */
export interface Latency {
  /** From sending the session to its container in the pod's spec, as a watch on the pods shows it. */
  createToSpec: number[];
  /** From sending a bare PATCH of pods/ephemeralcontainers to its container in the same watch. */
  patchToSpec: number[];
  /** The same PATCH, to its answer. */
  patchToAnswer: number[];
  /** From sending an object of a resource without rules to the container of the PATCH that follows its answer. */
  floorToSpec: number[];
  /** Wall time of a `kubectl debug` that does not attach. */
  kubectlDebug: number[];
  perSession: RequestCounts;
  /** Where the time of createToSpec goes. */
  steps: Step[];
}

/** What the operator asked of the API server for each session, by the audit log. */
export interface RequestCounts {
  sessions: number;
  writes: number;
  gets: number;
  lists: number;
  watches: number;
  events: number;
  /** Whether who asked may use the policy. Nothing is stored by them. */
  reviews: number;
  /** Refused with 409 or anything else. */
  refused: number;
}

const PODS = 20;

/**
 * One session after the other, nothing else to do.
 * @param kubectlRuns how many of the rounds run `kubectl debug` as well
 */
export async function measureLatency(rig: Rig, sessions: number, kubectlRuns: number): Promise<Latency> {
  const stand = await openStand(rig, 'latency', { ends: true });
  const operator = await rig.startOperator();
  const floor = await Floor.install(rig.client);
  try {
    const measuring = rounds(rig, { stand, floor }, sessions, kubectlRuns);
    return await Promise.race([operator.failed, stand.kubelet.failed, measuring]);
  } finally {
    await rig.stopOperator(operator);
    await floor.remove();
    await stand.stop();
  }
}

async function rounds(
  rig: Rig,
  { stand, floor }: { stand: Stand; floor: Floor },
  sessions: number,
  kubectlRuns: number,
): Promise<Latency> {
  const names = numbered('pod', PODS);
  await rig.node.runPods(stand.namespace, names);
  const audit = await AuditLog.from(rig.clusterNode.auditLog);
  const samples: Omit<Latency, 'perSession' | 'steps'> = {
    createToSpec: [],
    patchToSpec: [],
    patchToAnswer: [],
    floorToSpec: [],
    kubectlDebug: [],
  };
  const witnesses: Witness[] = [];
  const every = Math.max(1, Math.floor(sessions / kubectlRuns));
  for (let round = 0; round < sessions; round += 1) {
    const pod = names[round % PODS] ?? '';
    const witness = await oneSession(rig, stand, `session-${round}`, pod);
    witnesses.push(witness);
    samples.createToSpec.push(witness.seen - witness.sent);
    const patch = await onePatch(rig, stand, `raw-${round}`, pod);
    samples.patchToSpec.push(patch.seen);
    samples.patchToAnswer.push(patch.answered);
    samples.floorToSpec.push(await oneFloor(stand, floor, `floor-${round}`, pod));
    if (round % every === 0) samples.kubectlDebug.push(await oneKubectlDebug(rig, stand, `kubectl-${round}`, pod));
  }
  for (let tries = 0; tries < 50 && (await countEvents(rig, stand.namespace)) < 3 * sessions; tries += 1)
    await delay(100);
  // The audit log is written a moment after the answer.
  await delay(1_000);
  const requests = await audit.requests(stand.namespace);
  const asked = requests.filter(({ user }) => user.username.endsWith('controller-manager'));
  const found = requests.filter(({ verb, objectRef }) => verb === 'create' && objectRef?.resource === 'debugsessions');
  // A log that was rotated in between would make the operator look modest.
  if (found.length !== sessions) throw new Error(`the audit log holds ${found.length} of ${sessions} sessions`);
  return { ...samples, perSession: countRequests(asked, sessions), steps: timeline(requests, witnesses) };
}

async function oneSession(rig: Rig, stand: Stand, session: string, pod: string): Promise<Witness> {
  const inSpec = inSpecSince(stand, pod);
  const over = stand.sessions.until(session, isOver);
  const begin = performance.now();
  await rig.createSession(stand.namespace, session, { target: { podName: pod } });
  const at = await inSpec;
  await over;
  return { session, pod, sent: performance.timeOrigin + begin, seen: performance.timeOrigin + at };
}

async function onePatch(
  rig: Rig,
  stand: Stand,
  name: string,
  pod: string,
): Promise<{ seen: number; answered: number }> {
  const inSpec = stand.pods.until(pod, (seen) => has(seen, name));
  const begin = performance.now();
  await barePatch(rig.client, stand.namespace, pod, name);
  const answered = performance.now() - begin;
  return { seen: (await inSpec).at - begin, answered };
}

async function oneFloor(stand: Stand, floor: Floor, name: string, pod: string): Promise<number> {
  const inSpec = stand.pods.until(pod, (seen) => has(seen, name));
  const begin = performance.now();
  await floor.debug(stand.namespace, pod, name);
  return (await inSpec).at - begin;
}

async function oneKubectlDebug(rig: Rig, stand: Stand, name: string, pod: string): Promise<number> {
  const words = ['debug', pod, '--namespace', stand.namespace, `--image=${busyboxImage}`, '--profile=general'];
  const begin = performance.now();
  const { code, stderr } = await rig.cluster.kubectl([...words, '--container', name, '--', 'sleep', '600']);
  const ms = performance.now() - begin;
  if (code !== 0) throw new Error(`kubectl debug: ${stderr.trim()}`);
  return ms;
}

function has(pod: RawPod, name: string): boolean {
  return pod.spec?.ephemeralContainers?.some((container) => container.name === name) === true;
}

function countRequests(asked: AuditEvent[], sessions: number): RequestCounts {
  const count = (wanted: (event: AuditEvent) => boolean): number => asked.filter(wanted).length / sessions;
  const isEvent = ({ objectRef }: AuditEvent): boolean => objectRef?.resource === 'events';
  const isReview = ({ objectRef }: AuditEvent): boolean => objectRef?.resource === 'localsubjectaccessreviews';
  return {
    sessions,
    writes: count((event) => isWrite(event) && !isEvent(event) && !isReview(event)),
    reviews: count(isReview),
    gets: count(({ verb }) => verb === 'get'),
    lists: count(({ verb }) => verb === 'list'),
    watches: count(({ verb }) => verb === 'watch'),
    events: count((event) => isWrite(event) && isEvent(event)),
    refused: count(({ responseStatus }) => (responseStatus?.code ?? 0) >= 300),
  };
}
