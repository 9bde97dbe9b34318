import type { DebugSession, Run, StopRoute } from '../api/debugsession.ts';
import { fromTimestamp } from '../api/time.ts';
import { ApiError } from '../kube/api-error.ts';
import type { AttachOptions, AttachOutcome, ExecOptions, ExecOutcome, Keystroke } from '../kube/pod-stream.ts';
import type { Clock } from '../runtime/clock.ts';
import { NotLeaderError } from '../runtime/not-leader-error.ts';
import { keyOf } from '../runtime/store.ts';
import { ttlSeconds } from '../session/container/effective.ts';
import { type ActionKind, type ActionOutcome, type Actions, afterwards } from '../session/look/actions.ts';
import type { Effect } from '../session/plan/effect.ts';
import { containerIDOf } from '../session/run/second-run.ts';
import { graceSecondsOf } from '../session/stop/grace.ts';
import {
  type Meant,
  readStopAnswer,
  SHELLS,
  type StopAnswer,
  stopCommand,
  ttlCommand,
} from '../session/stop/stop-script.ts';
import { explainFault } from './action-fault.ts';
import { type PodAddress, podOf } from './session-api.ts';
import type { OnNode } from './stop-pods.ts';

/** Exec and attach; kube/pod-stream.ts has them. */
export interface Streams {
  exec(options: ExecOptions): Promise<ExecOutcome>;
  attach(options: AttachOptions, keystrokes: Iterable<Keystroke>): Promise<AttachOutcome>;
}

/** An action that is over. */
export interface ActionReport {
  session: DebugSession;
  run: Run;
  kind: ActionKind;
  outcome: ActionOutcome;
}

export interface ContainerControlOptions {
  streams: Streams;
  /** Asks for the eviction of this very pod. */
  evict: (pod: PodAddress, signal: AbortSignal) => Promise<void>;
  /** Asks the runtime of a node to end a container. Absent: this cluster does not allow it. */
  stopOnNode?: (container: OnNode, signal: AbortSignal) => Promise<ActionOutcome>;
  clock: Clock;
  /** Called with the key of the session when an action is over. */
  onDone: (sessionKey: string) => void;
  /** Told of each action that is over, for metrics and the log. */
  onAction?: (action: ActionReport) => void;
}

/** The script in the container takes 10 s at most. */
const EXEC_MS = 15_000;
/**
 * The same where the runtime of the node is asked after it: HUP and TERM have been sent by then, and until a stop pod
 * runs there is as much time again. Whoever holds up an exec gains nothing.
 */
const EXEC_BEFORE_NODE_MS = 2_000;
const ATTACH_MS = 10_000;
/** Actions at the same time; the others wait. Each holds a connection through the API server to a kubelet. */
const AT_ONCE = 64;

interface Entry {
  /** Which session it is about: one that is created anew under the name starts with none. */
  uid: string;
  actions: Actions;
}

type StopEffect = Extract<Effect, { kind: 'stop' }>;

/** What is asked of a container, as `plan` has it. */
export type ControlEffect = Extract<Effect, { kind: 'stop' | 'tellTtl' }>;

/**
 * Ends containers and tells them of another ttl. An action takes seconds, so no worker waits for it: it is begun, and
 * its outcome is in the actions that the next pass sees.
 */
export class ContainerControl {
  readonly #options: ContainerControlOptions;
  /** By the key of the session, and the attempt of the run. */
  readonly #entries = new Map<string, Map<number, Entry>>();
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #waiting: (() => void)[] = [];

  constructor(options: ContainerControlOptions) {
    this.#options = options;
  }

  /** Whether the runtime of a node can be asked to end a container. */
  get stopsByNode(): boolean {
    return this.#options.stopOnNode !== undefined;
  }

  /** What has been tried for a run of a session. */
  actionsOf(session: DebugSession, run: Run | undefined): Actions | undefined {
    return run && this.#entryOf(session, run)?.actions;
  }

  #entryOf(session: DebugSession, { attempt }: Run): Entry | undefined {
    const entry = this.#entries.get(keyOf(session))?.get(attempt);
    return entry?.uid === session.metadata.uid ? entry : undefined;
  }

  /** Begins, unless something is under way for this run already. */
  begin(session: DebugSession, effect: ControlEffect): void {
    const key = keyOf(session);
    const { uid } = session.metadata;
    const entry: Entry = this.#entryOf(session, effect.run) ?? { uid, actions: { tried: {} } };
    if (entry.actions.underWay !== undefined || this.#abort.signal.aborted) return;
    const kind: ActionKind = effect.kind === 'tellTtl' ? 'Ttl' : effect.route;
    entry.actions = { ...entry.actions, underWay: kind };
    const entries = this.#entries.get(key) ?? new Map<number, Entry>();
    this.#entries.set(key, entries.set(effect.run.attempt, entry));
    const work = this.#run(session, effect, kind).then((outcome) => {
      this.#running.delete(work);
      this.#waiting.shift()?.();
      if (outcome === undefined) return;
      const at = this.#options.clock.now();
      const tried = {
        ...afterwards(entry.actions.tried[kind], { outcome, at, containerID: containerIDOf(effect.run) }),
        ...(effect.kind === 'tellTtl' && { ttl: effect.ttl }),
      };
      entry.actions = { tried: { ...entry.actions.tried, [kind]: tried } };
      this.#options.onAction?.({ session, run: effect.run, kind, outcome });
      this.#options.onDone(key);
    });
    this.#running.add(work);
  }

  /**
   * What `seen` tells has been written, and nothing is left to do about it. What has come of an action since is another
   * one.
   */
  settle(session: DebugSession, seen: Actions | undefined): void {
    if (seen === undefined || seen.underWay !== undefined) return;
    for (const entry of this.#entries.get(keyOf(session))?.values() ?? [])
      if (entry.actions === seen) entry.actions = { ...seen, isSaid: true };
  }

  /** The session is over, or gone: what was tried is of no use any more. What is under way ends by itself. */
  forget(sessionKey: string): void {
    this.#entries.delete(sessionKey);
  }

  /** Breaks off what is under way. The script in a container goes on; whoever leads next asks again. */
  async stop(): Promise<void> {
    this.#abort.abort();
    for (const resume of this.#waiting.splice(0)) resume();
    await Promise.all(this.#running);
  }

  /** Undefined when it was broken off: nothing is known of it then. */
  async #run(session: DebugSession, effect: ControlEffect, kind: ActionKind): Promise<ActionOutcome | undefined> {
    const { signal } = this.#abort;
    try {
      if (this.#running.size >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      signal.throwIfAborted();
      if (effect.kind === 'tellTtl') return await this.#tell(session, effect);
      return await this.#ways[effect.route](session, effect);
    } catch (error) {
      if (signal.aborted || error instanceof NotLeaderError) return undefined;
      return explainFault(kind, error);
    }
  }

  readonly #ways: Record<StopRoute, (session: DebugSession, effect: StopEffect) => Promise<ActionOutcome>> = {
    Exec: (session, effect) => this.#signal(session, effect),
    Attach: (session, { run }) => this.#type(session, run),
    Node: (session, { run }) => this.#stopOnNode(session, run),
    Eviction: (session, { run }) => this.#evict(session, run),
  };

  async #signal(session: DebugSession, { run, beforeNode }: StopEffect): Promise<ActionOutcome> {
    const timeoutMs = beforeNode === true ? EXEC_BEFORE_NODE_MS : EXEC_MS;
    const command = (shell: readonly string[]): readonly string[] => stopCommand(shell, meantBy(run));
    const answer = await this.#script(session, run, { command, timeoutMs });
    if ('kind' in answer) return answer;
    switch (answer.answer) {
      case 'Survived':
        return answer.processes === 0 ? { kind: 'asked' } : { kind: 'survived', processes: answer.processes };
      case 'Blind':
        return BLIND;
      default:
        return { kind: 'asked' };
    }
  }

  async #tell(
    session: DebugSession,
    { run, ttl }: Extract<ControlEffect, { kind: 'tellTtl' }>,
  ): Promise<ActionOutcome> {
    const times = { ttlSeconds: ttlSeconds(ttl), lastMoment: fromTimestamp(run.lastMoment) ?? 0 };
    const command = (shell: readonly string[]): readonly string[] => ttlCommand(shell, meantBy(run), times);
    const answer = await this.#script(session, run, { command, timeoutMs: EXEC_MS });
    if ('kind' in answer) return answer;
    if (answer.answer === 'Blind') return BLIND;
    if (answer.answer === 'Changed') return { kind: 'told' };
    if (answer.answer === 'NoWatchdog') return { kind: 'impossible', message: 'its supervisor does not listen' };
    return { kind: 'failed', message: 'its supervisor did not answer' };
  }

  /** Runs a script in the container with the first shell there is. @returns its answer, or why there is none to have */
  async #script(
    session: DebugSession,
    run: Run,
    { command, timeoutMs }: { command: (shell: readonly string[]) => readonly string[]; timeoutMs: number },
  ): Promise<StopAnswer | ActionOutcome> {
    for (const shell of SHELLS) {
      const target = { ...targetOf(session, run), timeoutMs, signal: this.#abort.signal };
      const outcome = await this.#options.streams.exec({ ...target, command: command(shell) });
      if (outcome.kind === 'notStarted') continue;
      if (outcome.kind === 'unbounded')
        return { kind: 'failed', message: `its script goes on alone: ${outcome.message}` };
      const answer =
        outcome.kind === 'cut' ? readStopAnswer('', undefined) : readStopAnswer(outcome.stdout, outcome.exitCode);
      if (answer.answer !== 'NoShell') return answer;
    }
    return NO_SHELL;
  }

  async #stopOnNode(session: DebugSession, run: Run): Promise<ActionOutcome> {
    const { name: containerName, containerID } = meantBy(run);
    const [, runtime = '', id = ''] = /^([^:]+):\/\/(.+)$/.exec(containerID ?? '') ?? [];
    const { nodeName = '' } = run;
    if (nodeName === '' || id === '' || this.#options.stopOnNode === undefined)
      return { kind: 'impossible', message: 'the kubelet has not said which container it is' };
    const { namespace: podNamespace, name: podName, uid: podUID } = podOf(session, run);
    const graceSeconds = graceSecondsOf(run, this.actionsOf(session, run));
    const container: OnNode = {
      nodeName,
      runtime,
      containerID: id,
      containerName,
      podUID,
      podNamespace,
      podName,
      graceSeconds,
    };
    return this.#options.stopOnNode(container, this.#abort.signal);
  }

  async #type(session: DebugSession, run: Run): Promise<ActionOutcome> {
    const tty = run.effective?.tty === true;
    const target = { ...targetOf(session, run), timeoutMs: ATTACH_MS, signal: this.#abort.signal };
    await this.#options.streams.attach({ ...target, tty }, tty ? TERMINAL_KEYS : PLAIN_KEYS);
    return { kind: 'asked' };
  }

  async #evict(session: DebugSession, run: Run): Promise<ActionOutcome> {
    try {
      await this.#options.evict(podOf(session, run), this.#abort.signal);
    } catch (error) {
      // Gone, or another of its name stands there: what was asked for has happened.
      if (!(error instanceof ApiError) || (error.code !== 404 && error.code !== 409)) throw error;
    }
    return { kind: 'asked' };
  }
}

const NO_SHELL: ActionOutcome = {
  kind: 'impossible',
  message:
    'its image has no shell (sh, busybox, bash), or its first process has entered a mount namespace that has none',
};
const BLIND: ActionOutcome = {
  kind: 'impossible',
  message:
    "nothing was signalled, because the container's processes cannot be told from others: its first process has entered other namespaces, or /proc does not show control groups",
};

const INTERRUPT = 0x03;
const END_OF_INPUT = 0x04;
/**
 * Ctrl-C clears the line and ends what runs in the foreground, Ctrl-D on an empty line ends the shell; twice, for a
 * shell in a shell.
 */
const TERMINAL_KEYS: readonly Keystroke[] = [INTERRUPT, END_OF_INPUT, INTERRUPT, END_OF_INPUT].map((key) => ({
  bytes: Uint8Array.of(key),
  pauseMs: 300,
}));
/** Without a terminal there are no keys that mean anything: a word that shells, and most that read commands, know. */
const PLAIN_KEYS: readonly Keystroke[] = [{ bytes: new TextEncoder().encode('exit\n'), pauseMs: 300 }];

function targetOf(session: DebugSession, run: Run): { namespace: string; pod: string; container: string } {
  return { namespace: session.metadata.namespace, pod: run.podName ?? '', container: run.debugContainerName ?? '' };
}

function meantBy(run: Run): Meant {
  return { name: run.debugContainerName ?? '', containerID: containerIDOf(run) };
}
