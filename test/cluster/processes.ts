import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, parseRecord, type ProcessRecord } from './process-record.ts';

/** What is needed to start one long-running program. */
export interface Start {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/**
 * The shell writes the record and then becomes the program: the launcher may be killed at any moment and there is never
 * a running program without a record of it.
 */
const recordThenBecome = 'read -r line </proc/$$/stat && printf "%s %s\\n" "$1" "$line" >"$0" && shift && exec "$@"';

/** The long-running programs of one cluster, by name, with their records and logs. */
export class Processes {
  readonly #records: string;
  readonly #logs: string;
  readonly #bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

  /** @param records folder of the process records; @param logs folder of the logs, one file a program. */
  constructor(records: string, logs: string) {
    this.#records = records;
    this.#logs = logs;
  }

  /**
   * Starts a program in a session of its own, so that Ctrl-C at the terminal does not end it. Does nothing while it
   * runs.
   */
  async start(program: Start): Promise<void> {
    if (this.isRunning(program.name)) return;
    mkdirSync(this.#records, { recursive: true });
    mkdirSync(this.#logs, { recursive: true });
    rmSync(this.#file(program.name), { force: true });
    const log = openSync(this.logFile(program.name), 'a');
    const argv = ['-c', recordThenBecome, this.#file(program.name), this.#bootId, ...program.argv];
    const child = spawn('/bin/sh', argv, { cwd: '/', env: program.env, detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    for (let tries = 0; this.record(program.name) === undefined && child.exitCode === null && tries < 1000; tries++) {
      await sleep(5);
    }
  }

  /** Ends a program: TERM, KILL after `graceMs`. Returns once it is gone, so that its ports are free. */
  async stop(name: string, graceMs: number): Promise<void> {
    this.signal(name, 'SIGTERM');
    const steps = Math.ceil(graceMs / 20);
    for (let step = 0; this.isRunning(name) && step < steps; step++) await sleep(20);
    for (let step = 0; this.isRunning(name) && step < 500; step++) {
      this.signal(name, 'SIGKILL');
      await sleep(20);
    }
    if (this.isRunning(name))
      throw new Error(
        `${name} (pid ${this.record(name)?.pid}) does not end, not even by SIGKILL: look at its state in /proc`,
      );
    rmSync(this.#file(name), { force: true });
  }

  /** Signals the recorded process, and only if it is the very one that was started. */
  signal(name: string, signal: NodeJS.Signals): void {
    const record = this.record(name);
    if (record === undefined || !this.isRunning(name)) return;
    try {
      process.kill(record.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  isRunning(name: string): boolean {
    const record = this.record(name);
    return record !== undefined && isAlive(record, this.#bootId, readStat(record.pid));
  }

  record(name: string): ProcessRecord | undefined {
    const file = this.#file(name);
    return existsSync(file) ? parseRecord(readFileSync(file, 'utf8')) : undefined;
  }

  logFile(name: string): string {
    return join(this.#logs, `${name}.log`);
  }

  /** The end of a program's log, for an error message. */
  lastWords(name: string, lines = 15): string {
    const file = this.logFile(name);
    if (!existsSync(file)) return '(no log)';
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }

  #file(name: string): string {
    return join(this.#records, `${name}.stat`);
  }
}

function readStat(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
}
