import type { EphemeralContainer } from '../../../src/api/ephemeral-container.ts';
import type { ContainerState } from '../../../src/api/pod.ts';
import { toTimestamp } from '../../../src/api/time.ts';
import type { ApiServer, StoredPod } from './api-server.ts';
import type { Random } from './random.ts';

/** What really became of a container, whatever anybody has been told. */
export interface Truth {
  name: string;
  podUID: string;
  state: 'waiting' | 'running' | 'ended';
  /** What the kubelet will report next, or has reported. */
  shown: ContainerState;
  reported: boolean;
  startedAt?: number;
  /** When the supervisor ends it; absent without one. */
  endAt?: number;
  /** Its image cannot be pulled before. */
  stuckUntil?: number;
}

/**
 * The node: starts what stands in a pod, sooner or later, and tells so, later. The supervisor is played by the numbers that the injected command
 * carries, so a wrong one shows.
 */
export class Kubelet {
  readonly truths = new Map<string, Truth>();
  readonly #server: ApiServer;
  readonly #random: Random;
  readonly #onStart: (truth: Truth) => void;

  constructor(server: ApiServer, random: Random, onStart: (truth: Truth) => void) {
    this.#server = server;
    this.#random = random;
    this.#onStart = onStart;
  }

  /** One thing that a node does at its own pace; its words, for the trace. */
  step(now: number): string {
    const pod = this.#random.pick([...this.#server.pods.values()]);
    if (pod === undefined) return '';
    const acts = [() => this.#start(pod, now), () => this.#report(pod), () => this.#report(pod), () => this.#end(now)];
    return this.#random.pick(acts)?.() ?? '';
  }

  /** When something is bound to happen, ms since the epoch. */
  get next(): number {
    return Math.min(
      ...[...this.truths.values()].map((t) => (t.state === 'running' ? (t.endAt ?? Infinity) : Infinity)),
    );
  }

  /** The supervisors whose time is over. */
  due(now: number): void {
    for (const truth of this.truths.values())
      if (truth.state === 'running' && now >= (truth.endAt ?? Infinity)) this.#ended(truth, now, 'Deadline');
  }

  /** Whatever is left to start or to tell is started and told. */
  catchUp(now: number): void {
    for (const pod of this.#server.pods.values()) {
      for (let more = this.#start(pod, now, true); more !== '';) more = this.#start(pod, now, true);
      const fresh = this.#server.pods.get(pod.metadata.name);
      if (fresh !== undefined) this.#report(fresh);
    }
  }

  /** The pod's processes are gone with it, or (a lost node) go on. */
  podGone(pod: StoredPod, killed: boolean, now: number): void {
    for (const truth of this.truths.values()) {
      if (truth.podUID !== pod.metadata.uid || truth.state === 'ended') continue;
      if (truth.state === 'waiting') truth.state = 'ended';
      else if (killed) this.#ended(truth, now, 'killed');
    }
  }

  /** A pod that is deleted gracefully ends its containers and tells so. */
  terminate(pod: StoredPod, now: number): void {
    this.podGone(pod, true, now);
    this.#report(pod);
  }

  #start(pod: StoredPod, now: number, surely = false): string {
    const finished = pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
    if (finished || pod.metadata.deletionTimestamp !== undefined || pod.spec.nodeName === undefined) return '';
    const next = (pod.spec.ephemeralContainers ?? []).find((container) => {
      const known = this.truths.get(keyOf(pod, container.name));
      return known === undefined || (known.state === 'waiting' && now >= (known.stuckUntil ?? 0));
    });
    if (next === undefined) return '';
    const key = keyOf(pod, next.name);
    if (this.#random.chance(surely ? 0.15 : 0.3)) {
      const longest = surely || this.#random.chance(0.5) ? 4 * 60_000 : 5_000;
      return this.#pullFails(pod, next.name, now + this.#random.below(longest));
    }
    const truth: Truth = { name: next.name, podUID: pod.metadata.uid, state: 'running', shown: {}, reported: false };
    this.truths.set(key, truth);
    const { startBy, lastMoment, ttlMs } = supervisionOf(next);
    if (now > startBy || now >= lastMoment) {
      truth.startedAt = now;
      this.#ended(truth, now, 'TooLate');
      return `kubelet: ${next.name} starts too late`;
    }
    truth.startedAt = now;
    truth.shown = { running: { startedAt: toTimestamp(now) } };
    if (Number.isFinite(lastMoment)) truth.endAt = Math.min(now + ttlMs, lastMoment);
    this.#onStart(truth);
    return `kubelet: ${next.name} starts in ${pod.metadata.uid}`;
  }

  #pullFails(pod: StoredPod, name: string, stuckUntil: number): string {
    const reason = this.#random.one('ErrImagePull', 'ImagePullBackOff', 'ContainerCreating');
    const shown = { waiting: { reason, message: `try ${this.#random.below(100)}` } };
    const truth: Truth = { name, podUID: pod.metadata.uid, state: 'waiting', shown, reported: false, stuckUntil };
    this.truths.set(keyOf(pod, name), truth);
    return `kubelet: ${name} waits, ${reason}`;
  }

  #end(now: number): string {
    const running = [...this.truths.values()].filter((truth) => truth.state === 'running');
    const truth = this.#random.chance(0.3) ? this.#random.pick(running) : undefined;
    if (truth === undefined) return '';
    this.#ended(truth, now, 'exit');
    return `kubelet: ${truth.name} ends by itself`;
  }

  #ended(truth: Truth, now: number, how: 'Deadline' | 'TooLate' | 'exit' | 'killed'): void {
    const word = how === 'Deadline' || how === 'TooLate' ? { message: `${how}\n` } : {};
    const exitCode = { Deadline: 129, TooLate: 125, exit: this.#random.one(0, 1, 137), killed: 137 }[how];
    const times = { startedAt: toTimestamp(truth.startedAt ?? now), finishedAt: toTimestamp(now) };
    truth.state = 'ended';
    truth.shown = { terminated: { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', ...times, ...word } };
    truth.reported = false;
  }

  #report(pod: StoredPod): string {
    const mine = [...this.truths.values()].filter((truth) => truth.podUID === pod.metadata.uid);
    if (mine.every((truth) => truth.reported)) return '';
    for (const truth of mine) truth.reported = true;
    const ephemeralContainerStatuses = mine.map(({ name, shown }) => ({ name, imageID: 'sha256:abc', state: shown }));
    this.#server.updatePod(pod, { status: { ...pod.status, ephemeralContainerStatuses } });
    return `kubelet: tells of ${pod.metadata.uid}: ${mine.map((t) => `${t.name} ${Object.keys(t.shown)[0]}`).join()}`;
  }
}

function keyOf(pod: StoredPod, name: string): string {
  return `${pod.metadata.uid}/${name}`;
}

/** The numbers that the supervisor is given: ttl, start by, last moment (seconds). Endless without one. */
function supervisionOf({ command = [] }: EphemeralContainer): { startBy: number; lastMoment: number; ttlMs: number } {
  const at = command.indexOf('supervisor');
  if (at < 0) return { startBy: Infinity, lastMoment: Infinity, ttlMs: Infinity };
  const [ttl, startBy, lastMoment] = command.slice(at + 1, at + 4).map((word) => Number(word) * 1000);
  if (ttl === undefined || startBy === undefined || !(lastMoment !== undefined && ttl > 0 && startBy > 0))
    throw new Error(`the supervisor was given no numbers: ${command.slice(at).join(' ')}`);
  return { startBy, lastMoment, ttlMs: ttl };
}
