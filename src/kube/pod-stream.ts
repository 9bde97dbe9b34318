import type { Clock } from '../runtime/clock.ts';
import { sleep } from '../runtime/clock.ts';
import { errorMessage } from '../runtime/error-message.ts';
import { channelProtocols, ERROR, readLastWord, STDERR, STDIN, STDOUT } from './channel-protocol.ts';
import type { LastWord } from './channel-protocol.ts';
import { Deadline } from './deadline.ts';
import { LimitedOutput } from './limited-output.ts';
import type { Query, RestClient } from './rest-client.ts';
import type { WebSocketConnection } from './websocket.ts';

/** A container of a pod, and how long we have with it. */
export interface StreamTarget {
  namespace: string;
  pod: string;
  container: string;
  /** Ends the stream at any moment; its reason is thrown. What was started in the container may run on. */
  signal?: AbortSignal;
  /** For the whole, from connecting to the end, in ms. */
  timeoutMs: number;
}

export interface ExecOptions extends StreamTarget {
  /** The program and its arguments; no shell is between. */
  command: readonly string[];
}

export interface AttachOptions extends StreamTarget {
  /** As the container has it; an attach that says otherwise is refused. */
  tty: boolean;
}

/** Of stdout and of stderr no more than 4 KiB each are read. */
export type ExecOutcome =
  /**
   * A program that a signal ended has 128 and the signal's number, also when the whole container ended under it: 137.
   */
  | { kind: 'exited'; exitCode: number; stdout: string; stderr: string }
  /** The runtime could not start the program: it is not there or may not be run. Nothing has happened. */
  | { kind: 'notStarted'; message: string }
  /** The stream ended before it said how the program did: it may have run, wholly or in part, and may still run. */
  | { kind: 'cut'; message: string }
  /**
   * The program kept to no bound: it printed too much, or did not end in time. We closed the stream; it may still run.
   */
  | { kind: 'unbounded'; message: string };

/** A stream that was open, and had not done what it was for when its time was over. The server did answer. */
export class StreamTimeoutError extends Error {
  override readonly name = 'StreamTimeoutError';
}

/**
 * `typed`: everything was; whether anybody read it, nobody says. `ended`: the stream was over before, as when the
 * container has ended.
 */
export type AttachOutcome = { kind: 'typed' } | { kind: 'ended' };

/** Something to type, and how long to wait after it, in ms. */
export interface Keystroke {
  bytes: Uint8Array;
  pauseMs: number;
}

/** Of stdout and of stderr, each. */
const keptBytes = 4 * 2 ** 10;
/** Of the Status at the end. */
const longestStatus = 64 * 2 ** 10;

/**
 * Exec and attach, the counterpart of client-go's `remotecommand`. Both do something in a container, so they count as
 * writes although they are GETs.
 *
 * Both throw `ApiError` when the server says no, `ConnectionError` when it does not open the stream within `timeoutMs`,
 * the signal's reason when the caller aborts, and `NotLeaderError` when the client is guarded and may not write.
 */
export class PodStreams {
  readonly #client: RestClient;
  readonly #clock: Clock;

  /**
   * @param client whose server, credentials, guard and reports are used
   * @param clock for the pauses between keystrokes
   */
  constructor(client: RestClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /**
   * Runs a program in the container, without stdin and terminal, and waits until it has ended and everything that holds
   * its output: what it leaves behind has to be redirected. A program that prints more than is kept is not waited for:
   * what runs in a container may be anybody's, and print without end.
   */
  async exec({ command, ...target }: ExecOptions): Promise<ExecOutcome> {
    try {
      return await this.#with(target, 'exec', { command, stdout: true, stderr: true }, async (connection) => {
        const output = new Output();
        const broken = await output.take(connection, { untilFull: true });
        return output.outcome(broken);
      });
    } catch (error) {
      if (error instanceof StreamTimeoutError) return { kind: 'unbounded', message: error.message };
      throw error;
    }
  }

  /**
   * Types into the container's stdin; its output is dropped. Only the connection is closed afterwards, never the stdin
   * itself: with `stdinOnce: false` a later attach finds it as it was. The guard is asked before the connection alone:
   * `signal` has to end what is being typed.
   * @throws StreamTimeoutError when the keys could not be typed within `timeoutMs`
   */
  async attach({ tty, ...target }: AttachOptions, keystrokes: Iterable<Keystroke>): Promise<AttachOutcome> {
    // A terminal has one output: with `stderr` the server refuses.
    const query = { stdin: true, stdout: true, stderr: !tty, tty };
    return this.#with(target, 'attach', query, async (connection) => {
      const output = new Output();
      const over = new AbortController();
      const reading = output.take(connection).finally(() => over.abort());
      const typed = await this.#type(connection, keystrokes, over.signal);
      if (typed) await connection.close();
      await reading;
      if (output.lastWord?.kind === 'failure') throw output.lastWord.error;
      return { kind: typed ? 'typed' : 'ended' };
    });
  }

  /** False when `over` came first. */
  async #type(connection: WebSocketConnection, keystrokes: Iterable<Keystroke>, over: AbortSignal): Promise<boolean> {
    for (const { bytes, pauseMs } of keystrokes) {
      if (over.aborted) return false;
      const sent = await connection.send(Buffer.concat([Uint8Array.of(STDIN), bytes])).then(
        () => true,
        () => false,
      );
      if (!sent) return false;
      if (pauseMs > 0) await sleep(this.#clock, pauseMs, over);
    }
    return !over.aborted;
  }

  /** Connects, and ends the connection whatever happens. */
  async #with<T>(
    { namespace, pod, container, signal, timeoutMs }: StreamTarget,
    subresource: 'exec' | 'attach',
    query: Query,
    use: (connection: WebSocketConnection) => Promise<T>,
  ): Promise<T> {
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}/${subresource}`;
    const deadline = new Deadline(timeoutMs, this.#client.server, signal);
    let connection: WebSocketConnection | undefined;
    try {
      const options = { query: { container, ...query }, signal: deadline.signal, timeoutMs };
      const opened = (connection = await this.#client.openWebSocket(path, channelProtocols, options));
      const destroy = (): void => opened.destroy();
      deadline.signal.addEventListener('abort', destroy, { once: true });
      deadline.signal.throwIfAborted();
      const result = await use(opened);
      // Else what the abort has broken would look like an outcome.
      deadline.signal.throwIfAborted();
      return result;
    } catch (error) {
      // An open stream is an answer: what is late then is the container, not the way to it.
      if (connection !== undefined && deadline.isExpired)
        throw new StreamTimeoutError(`the stream was closed after ${timeoutMs} ms, because it had not ended`);
      throw deadline.explain(error);
    } finally {
      deadline.end();
      connection?.destroy();
    }
  }
}

/** What comes back on the channels, in bounds. */
class Output {
  readonly #stdout = new LimitedOutput(keptBytes);
  readonly #stderr = new LimitedOutput(keptBytes);
  readonly #status = new LimitedOutput(longestStatus);
  #channel = -1;

  /**
   * Takes everything until the server closes. Never rejects: what broke the connection is returned.
   * @param untilFull also stops once more has come than is kept: else the rest is read and dropped
   */
  async take(connection: WebSocketConnection, { untilFull = false } = {}): Promise<unknown> {
    try {
      for await (const { bytes, startsMessage } of connection.read()) {
        if (startsMessage) this.#channel = bytes[0] ?? -1;
        this.#of(this.#channel)?.push(startsMessage ? bytes.subarray(1) : bytes);
        if (untilFull && this.#isOver) return undefined;
      }
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** Undefined when the stream ended without. */
  get lastWord(): LastWord | undefined {
    const text = this.#status.text();
    return text === '' ? undefined : readLastWord(text);
  }

  get #isOver(): boolean {
    return this.#stdout.isOver || this.#stderr.isOver || this.#status.isOver;
  }

  outcome(broken: unknown): ExecOutcome {
    const { lastWord } = this;
    if (this.#isOver) return { kind: 'unbounded', message: `it printed more than ${keptBytes} bytes` };
    const outputs = { stdout: this.#stdout.text(), stderr: this.#stderr.text() };
    switch (lastWord?.kind) {
      case 'success':
        return { kind: 'exited', exitCode: 0, ...outputs };
      case 'exitCode':
        return { kind: 'exited', exitCode: lastWord.exitCode, ...outputs };
      case 'failure':
        return ofFailure(lastWord.error.message);
      case undefined: {
        const why = broken === undefined ? 'the server closed the stream' : errorMessage(broken);
        return { kind: 'cut', message: `${why} before it said how the program ended` };
      }
    }
  }

  #of(channel: number): LimitedOutput | undefined {
    if (channel === STDOUT) return this.#stdout;
    if (channel === STDERR) return this.#stderr;
    return channel === ERROR ? this.#status : undefined;
  }
}

/**
 * The OCI runtimes' words for a program that is not there, may not be run, or is none (runc: libcontainer's
 * `initProcess`; crun: `find_executable`). CRI gives them as text only.
 */
const couldNotStart = /unable to start container process|executable file .*not found|args must not be empty/i;
/** What the kubelet and containerd put before them, with an id that is another one each time. */
const callers = /^.*OCI runtime exec failed: (exec failed: )?/;

function ofFailure(message: string): ExecOutcome {
  const kind = couldNotStart.test(message) ? 'notStarted' : 'cut';
  return { kind, message: message.replace(callers, '') };
}
