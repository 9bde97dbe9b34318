import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DebugSessionSpec } from '../../../src/api/debugsession.ts';
import { setApart } from '../../../src/session/container/environment.ts';
import { WATCHDOG_NAME } from '../../../src/session/container/supervisor-script.ts';
import { SUPERVISOR_ENV, supervisedCommand } from '../../../src/session/container/supervisor.ts';
import type { Meant } from '../../../src/session/stop/stop-script.ts';
import { longEnough } from '../patience.ts';
import { ControlGroup } from './control-group.ts';
import { environmentLikeKubelet, expandLikeKubelet } from './kubelet-expansion.ts';
import { commandLine, descendants, nameOf } from './processes.ts';

function onThisMachine(...shells: string[]): { shell: string; program: string }[] {
  return shells.map((shell) => ({ shell, program: `/usr/bin/${shell}` })).filter(({ program }) => existsSync(program));
}

const BASH = '/usr/bin/bash';

/** No program of its own: bash, under a supervisor that takes each bash for one before 5.2. */
const OLD_BASH = `${BASH} as before 5.2`;

/** The shells that a debug image may have as `sh`, where this machine has them. */
export const SHELLS = onThisMachine('dash', 'bash', 'busybox').flatMap((one) =>
  one.program === BASH ? [one, { shell: 'old bash', program: OLD_BASH }] : [one],
);

/** Those besides that people have as `sh`, where this machine has them. */
export const MORE_SHELLS = onThisMachine('mksh', 'yash', 'zsh');

/** Those whose `wait` nothing cuts short: a session in them ends up to 5 s after its command. */
export const SLOW_SHELLS = onThisMachine('ksh93', 'posh');

/** Whether a process namespace of its own, as a container has it, can be made here. */
export const CAN_UNSHARE = process.platform === 'linux' && process.getuid?.() === 0;

const NAME = 'debug-1234abcd-1';

/** In the script of the supervisor: the last versions of bash that are taken for old. */
const BEFORE_5_2 = '5.[01].*';

export interface Wish {
  /** Path of the program that is `sh`. */
  program: string;
  command: readonly string[];
  /** Seconds. Default 30. */
  ttl?: number;
  /** Seconds from now; default 60. */
  startWithin?: number;
  /** Seconds from now; default startWithin + ttl. */
  lastMomentIn?: number;
  tty?: boolean;
  /** As in `spec.env`. */
  env?: Record<string, string>;
  /** All the keys of secrets and config maps, as in `spec.envFrom`. */
  envFrom?: readonly { prefix?: string; data: Record<string, string> }[];
  /** What the image and Kubernetes set. `PATH` is there. */
  own?: Record<string, string>;
  /** Programs of the image besides `sh`; default: those of this machine. */
  programs?: readonly string[];
  /**
   * The host's pid of the application whose process namespace is joined; without it the supervisor is PID 1 of its own.
   */
  join?: number;
  /** The command as it is, as with `supervisor: None`; it has to be one of `sh`. */
  unsupervised?: boolean;
  /** In a control group namespace of its own, as with cgroup v2: there its path bears no ID. */
  hidesGroup?: boolean;
  /** In no control group of its own, as where a sandbox shows the same one of every process. */
  ungrouped?: boolean;
}

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
  /** What was left in the termination log. */
  word: string;
  seconds: number;
}

/** What an exec has to say. */
export interface Said {
  code: number | null;
  stdout: string;
}

/**
 * A supervisor on this machine: the very words that a container gets, after the kubelet's expansion. Only the log is
 * another file.
 */
export class Supervised {
  readonly child: ChildProcess;
  readonly #folder: string;
  readonly #id = randomBytes(16).toString('hex');
  readonly #group: ControlGroup | undefined;
  readonly #env: Record<string, string>;
  readonly #began = performance.now();
  readonly #closed: Promise<unknown>;
  #wake: (() => void)[] = [];
  #first: number | undefined;
  stdout = '';
  stderr = '';

  constructor(wish: Wish) {
    this.#folder = mkdtempSync(join(tmpdir(), 'supervised-'));
    if (CAN_UNSHARE && wish.ungrouped !== true) this.#group = ControlGroup.of(this.#id);
    const bin = join(this.#folder, 'bin');
    mkdirSync(bin);
    symlinkSync(wish.program === OLD_BASH ? BASH : wish.program, join(bin, 'sh'));
    for (const program of wish.programs ?? []) symlinkSync(`/usr/bin/${program}`, join(bin, program));
    mkdirSync(dirname(this.#log), { recursive: true });
    writeFileSync(this.#log, '');
    const path = wish.programs === undefined ? `${bin}:/usr/bin:/bin` : bin;
    const asked = {
      env: Object.entries(wish.env ?? {}).map(([name, value]) => ({ name, value })),
      wish: wish.envFrom ?? [],
    };
    const sources = asked.wish.map(({ prefix }, index) => ({
      ...(prefix !== undefined && { prefix }),
      configMapRef: { name: String(index) },
    }));
    const { words: command, ...apart } = setApart(
      { env: asked.env, envFrom: sources } as DebugSessionSpec,
      wish.command,
    );
    const requested = wish.unsupervised ? { env: asked.env, envFrom: sources } : apart;
    const set = environmentLikeKubelet(
      wish.unsupervised ? requested : { ...requested, env: [...requested.env, SUPERVISOR_ENV] },
      wish.envFrom?.map(({ data }) => data),
      wish.own,
    );
    const script = set[SUPERVISOR_ENV.name];
    if (script !== undefined) {
      const told = wish.program === OLD_BASH ? script.split(BEFORE_5_2).join('5.*') : script;
      if (wish.program === OLD_BASH && told === script) throw new Error(`the supervisor does not say ${BEFORE_5_2}`);
      set[SUPERVISOR_ENV.name] = told.replaceAll('/dev/termination-log', this.#log);
    }
    const env = { PATH: path, ...wish.own, ...set };
    this.#env = env;
    const words = wish.unsupervised
      ? ['sh', ...wish.command.slice(1)]
      : this.#words({ ...wish, command }, { ...wish.own, ...set });
    const [program = '', ...args] = wish.tty ? this.#onTerminal(words, wish) : this.#inNamespace(words, wish);
    this.child = spawn(program, args, { env: { ...env, TERM: 'dumb' }, stdio: 'pipe' });
    this.#closed = once(this.child, 'close').finally(() => this.#tell());
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#tell();
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
  }

  /** Runs to the end with nothing on standard input, or with `input`. */
  static async run(wish: Wish, input = ''): Promise<Ended> {
    const supervised = new Supervised(wish);
    // A command that ends at once does not read it.
    supervised.child.stdin?.on('error', () => undefined).end(input);
    return supervised.ended();
  }

  async ended(): Promise<Ended> {
    await this.#closed;
    const seconds = (performance.now() - this.#began) / 1000;
    const word = readFileSync(this.#log, 'utf8').trim();
    await this.#group?.remove();
    rmSync(this.#folder, { recursive: true });
    return { code: this.child.exitCode, stdout: this.stdout, stderr: this.stderr, word, seconds };
  }

  type(keys: string): void {
    this.child.stdin?.write(keys);
  }

  /**
   * Resolves once the output from `from` on matches.
   * @throws Error with the output when it has ended without, or after a long time.
   */
  async sees(pattern: RegExp, from = 0): Promise<void> {
    const late = AbortSignal.timeout(longEnough());
    late.addEventListener('abort', () => this.#tell());
    while (!pattern.test(this.stdout.slice(from))) {
      if (this.child.exitCode !== null || late.aborted)
        throw new Error(`does not show ${pattern}: ${JSON.stringify(this.stdout.slice(from) + this.stderr)}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  /** Sends a signal to the supervisor itself, as the kubelet does to the container's first process. */
  signal(name: NodeJS.Signals): void {
    process.kill(this.first, name);
  }

  /** The host's pid of the container's first process. */
  get first(): number {
    const first = this.#found();
    if (first === undefined) throw new Error('there is no supervisor');
    return first;
  }

  /** Once found it is known, whatever program it becomes. */
  #found(): number | undefined {
    this.#first ??= descendants(this.child.pid ?? 0).find((pid) => commandLine(pid).startsWith(`${this.#sh} -c`));
    return this.#first;
  }

  /** The pid of its first process as it is in the process namespace that it has joined. */
  get pidInside(): string {
    return /^NSpid:.*\s(\d+)$/m.exec(readFileSync(`/proc/${this.first}/status`, 'utf8'))?.[1] ?? '';
  }

  /** Resolves once its first process is another program. */
  async becomes(program: RegExp): Promise<void> {
    while (!program.test(nameOf(this.first))) await delay(10);
  }

  /**
   * The host's pid of the watchdog, which is the first process, once it has taken its name and hears.
   * @throws Error after a long time
   */
  async watchdog(): Promise<number> {
    const late = AbortSignal.timeout(longEnough());
    while (!late.aborted) {
      if (nameOf(this.first) === WATCHDOG_NAME) return this.first;
      await delay(10);
    }
    throw new Error('there is no watchdog');
  }

  get log(): string {
    return readFileSync(this.#log, 'utf8');
  }

  set log(text: string) {
    writeFileSync(this.#log, text);
  }

  /** Runs this in the container, as exec does: in its namespaces, and no child of any of its processes. */
  async exec(command: readonly string[]): Promise<Said> {
    const words = command.map((word) => word.replaceAll('/dev/termination-log', this.#log));
    const enter = ['/usr/bin/nsenter', '--target', String(this.first), '--pid', '--mount', '--cgroup', ...words];
    const [program = '', ...args] = this.#grouped(enter);
    const child = spawn(program, args, { env: this.#env, stdio: ['ignore', 'pipe', 'inherit'] });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    await once(child, 'close');
    return { code: child.exitCode, stdout };
  }

  /** As the stop script is told which container is meant. */
  get meant(): Meant {
    return { name: NAME, containerID: `containerd://${this.#id}` };
  }

  /** The control group; undefined where this machine has none to give. */
  get group(): ControlGroup | undefined {
    return this.#group;
  }

  #grouped(words: string[]): string[] {
    return this.#group?.around(words) ?? words;
  }

  get #sh(): string {
    return join(this.#folder, 'bin', 'sh');
  }

  get #log(): string {
    return join(this.#folder, 'containers', NAME, 'termination-log');
  }

  #words(wish: Wish, env: Record<string, string>): string[] {
    const { ttl = 30, startWithin = 60, lastMomentIn = startWithin + ttl, tty = false, command } = wish;
    const now = Date.now();
    const times = { startBy: now + startWithin * 1000, lastMoment: now + lastMomentIn * 1000 };
    const words = supervisedCommand({ ttlSeconds: ttl, ...times, tty, command });
    return words.map((word) => expandLikeKubelet(word, env).replaceAll('/dev/termination-log', this.#log));
  }

  #inNamespace(words: string[], { join: pid, hidesGroup }: Wish): string[] {
    const sh = this.#sh;
    if (!CAN_UNSHARE) return [sh, ...words.slice(1)];
    const group = hidesGroup === true ? ['--cgroup'] : [];
    // The kubelet mounts the log: from a folder named after the container.
    const mount = ['/bin/sh', '-c', '/usr/bin/mount --bind "$0" "$0" && exec "$@"', this.#log];
    // The shells before it hand on no variable whose name they could not set, and add some of their own.
    const set = Object.entries({ ...this.#env, TERM: 'dumb' }).map(([name, value]) => `${name}=${value}`);
    const home = [...mount, '/usr/bin/env', '-i', ...set, sh, ...words.slice(1)];
    // A mount namespace of its own, as every container has.
    if (pid === undefined)
      return this.#grouped(['/usr/bin/unshare', ...group, '--pid', '--fork', '--mount-proc', ...home]);
    const enter = ['/usr/bin/nsenter', '--target', String(pid), '--pid'];
    return this.#grouped([...enter, '/usr/bin/unshare', ...group, '--mount-proc', ...home]);
  }

  /** `script` makes the terminal, `setsid -c` a session of its own on it, as runc does. */
  #onTerminal(words: string[], wish: Wish): string[] {
    const [enter = '', ...rest] = this.#inNamespace(words, wish);
    const at = rest.indexOf(this.#sh);
    const argv = [enter, ...rest.slice(0, at), '/usr/bin/setsid', '-c', ...rest.slice(at)];
    const file = join(this.#folder, 'typed');
    writeFileSync(file, argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' '));
    return ['/usr/bin/script', '--quiet', '--return', '--command', `exec /bin/sh ${file}`, '/dev/null'];
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
