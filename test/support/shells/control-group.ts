import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A hierarchy in which groups need no set-up: v2, or the one without a controller that systemd has in v1. */
const ROOT = ['/sys/fs/cgroup', '/sys/fs/cgroup/systemd'].find((folder) => existsSync(join(folder, 'cgroup.procs')));

const BELOW = 'below';

/** A control group as a runtime makes one for each container: named after its ID, in one hierarchy of this machine. */
export class ControlGroup {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @returns undefined where this machine lets nobody make one */
  static of(id: string): ControlGroup | undefined {
    if (ROOT === undefined) return undefined;
    try {
      const folder = join(ROOT, `debugsession-unit-${id}`);
      mkdirSync(folder);
      return new ControlGroup(folder);
    } catch {
      return undefined;
    }
  }

  /** The words of a program that is started in the group. */
  around(words: readonly string[]): string[] {
    return ['/bin/sh', '-c', 'echo $$ >"$0" && exec "$@"', join(this.#folder, 'cgroup.procs'), ...words];
  }

  /** Makes a group below it. @returns where a process writes its id to go there */
  below(): string {
    const folder = join(this.#folder, BELOW);
    mkdirSync(folder);
    return join(folder, 'cgroup.procs');
  }

  /** Removes it once nothing runs in it, within two seconds or not at all. */
  async remove(): Promise<void> {
    const below = join(this.#folder, BELOW);
    for (let tries = 0; tries < 200 && existsSync(this.#folder); tries += 1) {
      for (const folder of [below, this.#folder].filter(existsSync)) removeEmpty(folder);
      await delay(10);
    }
  }
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // A process of it has not quite ended: the caller looks again.
  }
}
