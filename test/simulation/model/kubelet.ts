import type { EphemeralContainer } from '../../../src/api/ephemeral-container.ts';
import type { ContainerState } from '../../../src/api/pod.ts';
import { toTimestamp } from '../../../src/api/time.ts';
import { EXITED, BEGAN } from '../../../src/session/container/supervisor.ts';
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
  /** What its supervisor was given, in ms; absent without one. */
  supervision?: Supervision;
  /** Its image cannot be pulled before. */
  stuckUntil?: number;
  /** How often the node has run it: more than once where it lost the record of the first. */
  times: number;
  /** How it ended, the last time. */
  how?: HowEnded;
  makeup: Makeup;
  /**
   * It was told of a ttl by a request that came late: another had been told, or was wanted, since. Its last moment
   * holds all the same.
   */
  staleTtl?: true;
}

/** What a container is made of, as far as its end is concerned. Nobody outside knows it before trying. */
export interface Makeup {
  /** An exec finds a shell. */
  shell: boolean;
  /** Process 1 of its own namespace without handlers: no signal from inside ends it. */
  immune: boolean;
  /** What is typed ends it. */
  reads: boolean;
  /** A supervisor of a version that cannot be told of another ttl. */
  deaf: boolean;
  /**
   * Whoever is inside does what they can: the supervisor is ended or was never what it seems, so that it keeps no time
   * and refuses no start, no signal ends the command, and its last words are forged.
   */
  hostile: boolean;
}

/** Told of what becomes of containers. It throws where a promise is broken. */
export interface NodeWitness {
  started(truth: Truth): void;
  /**
   * The operator's request has arrived at a container, or at where it should be. `numbers`: of a changed ttl, ttl and
   * last moment in ms.
   */
  asked(
    route: 'Exec' | 'Attach' | 'Node' | 'Ttl',
    container: string,
    numbers?: { ttlMs: number; lastMoment: number },
  ): void;
  /** Until when the operator looks whether an ended container without a supervisor is run again, ms since the epoch. */
  looksUntil(container: string): number;
  /** Whether this is the ttl (ms) that a container is to be told now. */
  isWanted(container: string, ttlMs: number): boolean;
}

export type HowEnded = 'Deadline' | 'TooLate' | 'Stopped' | 'exit' | 'killed';

/** What a supervisor leaves that has not ended the command itself. */
const WORDS = new Map<string, string>([
  ['exit', EXITED],
  ['killed', BEGAN],
]);
/** What a command may write into its termination log. */
const FORGED = ['Deadline', 'TooLate', 'Stopped', 'CommandNotFound', 'Unsupported', 'exit'] as const;
/** Of a pod that is deleted, at most, in ms. */
const GRACE_MS = 30_000;
/** A second run is told of late, and so close to the end of the operator's look it would be missed, ms. */
const LOOK_MARGIN_MS = 25_000;

/**
 * The node: starts what stands in a pod, sooner or later, and tells so, later. The supervisor is played by the numbers
 * that the injected command carries, so a wrong one shows.
 */
export class Kubelet {
  readonly truths = new Map<string, Truth>();
  readonly #server: ApiServer;
  readonly #random: Random;
  readonly #witness: NodeWitness;

  constructor(server: ApiServer, random: Random, witness: NodeWitness) {
    this.#server = server;
    this.#random = random;
    this.#witness = witness;
  }

  /** One thing that a node does at its own pace; its words, for the trace. */
  step(now: number): string {
    const pod = this.#random.pick([...this.#server.pods.values()]);
    if (pod === undefined) return '';
    const acts = [() => this.#start(pod, now), () => this.#report(pod), () => this.#report(pod), () => this.#exit(now)];
    if (this.#random.chance(0.12)) return this.#loseRecord(pod, now);
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
      if (truth.state === 'running' && now >= (truth.endAt ?? Infinity)) this.end(truth, now, 'Deadline');
  }

  /** Whatever is left to start or to tell is started and told. */
  catchUp(now: number): void {
    for (const pod of this.#server.pods.values()) {
      for (let more = this.#start(pod, now, true); more !== '';) more = this.#start(pod, now, true);
      const fresh = this.#server.pods.get(pod.metadata.name);
      if (fresh === undefined) continue;
      this.#report(fresh);
      const { deletionTimestamp } = fresh.metadata;
      if (deletionTimestamp !== undefined && now >= Date.parse(deletionTimestamp) + GRACE_MS) this.remove(fresh, now);
    }
  }

  /** The end of a pod that is deleted gracefully. */
  remove(pod: StoredPod, now: number): void {
    this.terminate(pod, now);
    const fresh = this.#server.pods.get(pod.metadata.name);
    if (fresh !== undefined) this.#server.removePod(fresh);
  }

  /** The pod's processes are gone with it, or (a lost node) go on. */
  podGone(pod: StoredPod, killed: boolean, now: number): void {
    for (const truth of this.truths.values()) {
      if (truth.podUID !== pod.metadata.uid || truth.state === 'ended') continue;
      if (truth.state === 'waiting') truth.state = 'ended';
      else if (killed) this.end(truth, now, 'killed');
    }
  }

  /** A pod that is deleted gracefully ends its containers and tells so. */
  terminate(pod: StoredPod, now: number): void {
    this.podGone(pod, true, now);
    this.#report(pod);
  }

  #start(pod: StoredPod, now: number, surely = false): string {
    if (!startsContainers(pod)) return '';
    const next = (pod.spec.ephemeralContainers ?? []).find((container) => {
      const known = this.truths.get(keyOf(pod, container.name));
      return known === undefined || (known.state === 'waiting' && now >= (known.stuckUntil ?? 0));
    });
    if (next === undefined) return '';
    const key = keyOf(pod, next.name);
    if (this.#random.chance(surely ? 0.15 : 0.3)) {
      const longest = surely || this.#random.chance(0.5) ? 4 * 60_000 : 5_000;
      return this.#pullFails(this.#aTruth(pod, next), now + this.#random.below(longest));
    }
    const truth = this.#aTruth(pod, next);
    this.truths.set(key, truth);
    return this.#run(truth, now);
  }

  #aTruth(pod: StoredPod, { name, command = [] }: EphemeralContainer): Truth {
    const supervision = supervisionOf(command);
    const random = this.#random;
    const hostile = random.chance(0.12);
    const makeup: Makeup = supervision
      ? { shell: true, immune: hostile, reads: false, deaf: hostile || random.chance(0.1), hostile }
      : { shell: random.chance(0.8), immune: random.chance(0.4), reads: random.chance(0.5), deaf: true, hostile };
    const common = { name, podUID: pod.metadata.uid, shown: {}, reported: false, times: 0, makeup };
    return { ...common, state: 'waiting', ...(supervision && { supervision }) };
  }

  #run(truth: Truth, now: number): string {
    truth.times += 1;
    truth.startedAt = now;
    const { startBy, lastMoment, ttlMs } = truth.supervision ?? ENDLESS;
    if (!truth.makeup.hostile && (now > startBy || now >= lastMoment)) {
      this.end(truth, now, 'TooLate');
      return `kubelet: ${truth.name} starts too late`;
    }
    truth.state = 'running';
    truth.reported = false;
    truth.shown = { running: { startedAt: toTimestamp(now) } };
    if (truth.supervision !== undefined && !truth.makeup.hostile) truth.endAt = Math.min(now + ttlMs, lastMoment);
    this.#witness.started(truth);
    return `kubelet: ${truth.name} starts in ${truth.podUID}${truth.times > 1 ? ' again' : ''}`;
  }

  /** k/k#124176: it is started once more, as new, under the same name. */
  #loseRecord(pod: StoredPod, now: number): string {
    if (!startsContainers(pod)) return '';
    const truth = [...this.truths.values()].find(
      ({ podUID, state, times }) => podUID === pod.metadata.uid && state === 'ended' && times === 1,
    );
    if (truth === undefined) return '';
    // What nothing refuses then, whatever the record says, nobody would see.
    const isRefused = truth.supervision !== undefined && !truth.makeup.hostile;
    if (!isRefused && now > this.#witness.looksUntil(truth.name) - LOOK_MARGIN_MS) return '';
    return this.#run(truth, now);
  }

  #pullFails(truth: Truth, stuckUntil: number): string {
    const reason = this.#random.one('ErrImagePull', 'ImagePullBackOff', 'ContainerCreating');
    const shown = { waiting: { reason, message: `try ${this.#random.below(100)}` } };
    this.truths.set(`${truth.podUID}/${truth.name}`, { ...truth, shown, stuckUntil });
    return `kubelet: ${truth.name} waits, ${reason}`;
  }

  #exit(now: number): string {
    const running = [...this.truths.values()].filter((truth) => truth.state === 'running');
    const truth = this.#random.chance(0.3) ? this.#random.pick(running) : undefined;
    if (truth === undefined) return '';
    this.end(truth, now, 'exit');
    return `kubelet: ${truth.name} ends by itself`;
  }

  /** Its processes are gone; the kubelet tells so when it gets round to it. */
  end(truth: Truth, now: number, how: HowEnded): void {
    const said = truth.makeup.hostile ? this.#random.one(...FORGED) : how;
    const isSilent = truth.supervision === undefined && (said === 'exit' || said === 'killed');
    const word = isSilent ? {} : { message: `${WORDS.get(said) ?? said}\n` };
    const exitCode = { Deadline: 129, TooLate: 125, Stopped: 137, exit: this.#random.one(0, 1, 137), killed: 137 }[how];
    const times = { startedAt: toTimestamp(truth.startedAt ?? now), finishedAt: toTimestamp(now) };
    truth.state = 'ended';
    truth.how = how;
    truth.shown = { terminated: { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', ...times, ...word } };
    truth.reported = false;
  }

  #report(pod: StoredPod): string {
    const mine = [...this.truths.values()].filter((truth) => truth.podUID === pod.metadata.uid);
    if (mine.every((truth) => truth.reported)) return '';
    for (const truth of mine) truth.reported = true;
    const ephemeralContainerStatuses = mine.map(({ name, shown, times }) => ({
      name,
      imageID: 'sha256:abc',
      ...(times > 0 && { containerID: `containerd://${name}-${times}` }),
      state: shown,
    }));
    this.#server.updatePod(pod, { status: { ...pod.status, ephemeralContainerStatuses } });
    return `kubelet: tells of ${pod.metadata.uid}: ${mine.map((t) => `${t.name} ${Object.keys(t.shown)[0]}`).join()}`;
  }
}

function keyOf(pod: StoredPod, name: string): string {
  return `${pod.metadata.uid}/${name}`;
}

function startsContainers({ status, metadata, spec }: StoredPod): boolean {
  const finished = status.phase === 'Succeeded' || status.phase === 'Failed';
  return !finished && metadata.deletionTimestamp === undefined && spec.nodeName !== undefined;
}

/** In ms since the epoch, and the ttl in ms. */
export interface Supervision {
  startBy: number;
  lastMoment: number;
  ttlMs: number;
}

const ENDLESS: Supervision = { startBy: Infinity, lastMoment: Infinity, ttlMs: Infinity };

/** The numbers that the supervisor is given: ttl, start by, last moment (seconds). */
function supervisionOf(command: readonly string[]): Supervision | undefined {
  const at = command.indexOf('supervisor');
  if (at < 0) return undefined;
  const [ttl, startBy, lastMoment] = command.slice(at + 1, at + 4).map((word) => Number(word) * 1000);
  if (ttl === undefined || startBy === undefined || !(lastMoment !== undefined && ttl > 0 && startBy > 0))
    throw new Error(`the supervisor was given no numbers: ${command.slice(at).join(' ')}`);
  return { startBy, lastMoment, ttlMs: ttl };
}
