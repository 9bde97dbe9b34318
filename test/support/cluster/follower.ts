import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { run } from '../../cluster/run-program.ts';
import { Terminal } from './attach.ts';
import { documents, type Guide, type GuideObject, yamlBlocks } from '../documents/guide.ts';
import type { Stage } from './stage.ts';
import { comparable, isShown, literally, type Step, transcript, typedLines } from '../documents/transcript.ts';

/** Whom kubectl acts for. Nothing: the administrator. */
export interface Identity {
  /** The administrator impersonates somebody: `--as=dana`, `--as-group=team-a`. */
  flags?: readonly string[];
  kubeconfig?: string;
}

export interface FollowerOptions {
  /** Texts of the guide and what stands for them here, such as its namespace. */
  here?: readonly (readonly [there: RegExp, here: string])[];
  /** The PATH in which kubectl finds its plugins. Absent: that of the tests. */
  path?: string | undefined;
}

/**
 * Follows a guide word by word: saves its manifests as files, types its commands into a shell, each as the one who is
 * meant by the section that it stands in, and compares what is printed with what the guide shows.
 */
export class Follower {
  readonly steps: Step[];
  readonly #stage: Stage;
  readonly #folder = mkdtempSync(join(tmpdir(), 'debugsession-guide-'));
  readonly #texts: readonly (readonly [RegExp, string])[];
  readonly #path: string;
  readonly #followed = new Set<string>();

  constructor(stage: Stage, guide: Guide, { here = [], path = process.env['PATH'] ?? '' }: FollowerOptions = {}) {
    this.#path = path;
    this.#stage = stage;
    this.#texts = here;
    const text = this.here(guide.text);
    this.steps = transcript(text);
    for (const { source } of yamlBlocks(text)) this.#save(source);
  }

  /** A text of the guide, as it is here. */
  here(text: string): string {
    return this.#texts.reduce((all, [there, here]) => all.replaceAll(there, here), text);
  }

  /**
   * A block whose first line is a comment `# NAME.yaml` is that file, of every other each object is one of its name.
   */
  #save(source: string): void {
    const named = /^# (\S+\.yaml)\n/.exec(source)?.[1];
    if (named !== undefined) return writeFileSync(join(this.#folder, named), source);
    const objects = documents(source) as Partial<GuideObject>[];
    for (const object of objects) {
      // A fragment is nobody's manifest.
      if (object.metadata === undefined) continue;
      const text = objects.length === 1 ? source : JSON.stringify(object);
      writeFileSync(join(this.#folder, `${object.metadata.name}.yaml`), text);
    }
  }

  /**
   * Types the commands below this heading.
   * @throws Error at the first that prints something else than the guide shows
   * @returns how many there were
   */
  async follow(section: string, identity: Identity = {}): Promise<number> {
    const steps = this.steps.filter((step) => step.section === section);
    const env = this.#shellOf(identity);
    this.#followed.add(section);
    for (const step of steps) {
      if (typedLines(step.shown).length > 0) await this.#sit(step, env);
      else await this.#type(step, env);
    }
    return steps.length;
  }

  /** The headings above commands that nobody has followed. */
  left(): string[] {
    const sections = new Set(this.steps.map(({ section }) => section));
    return [...sections].filter((section) => !this.#followed.has(section));
  }

  async #type({ command, shown }: Step, env: NodeJS.ProcessEnv): Promise<void> {
    const { stdout } = await run(['sh', '-c', `{ ${command}\n} 2>&1`], { cwd: this.#folder, env });
    if (isShown(comparable(stdout.split('\n')), comparable(shown))) return;
    throw new Error(`$ ${command}\nprints\n${stdout}\nand not, as the guide says,\n${shown.join('\n')}`);
  }

  /** A command that opens a terminal. */
  async #sit({ command, shown }: Step, env: NodeJS.ProcessEnv): Promise<void> {
    const terminal = await Terminal.open(command, env);
    for (const { typed, answers } of typedLines(shown)) {
      if (answers.length === 0) terminal.type(typed);
      else await terminal.run(typed, new RegExp(answers.map(loosely).join('[^]*')));
    }
    await terminal.ended();
  }

  /** The environment of a shell in which `kubectl` acts for somebody, in the namespace of the stage. */
  #shellOf({ flags = [], kubeconfig = this.#stage.cluster.kubeconfig }: Identity): NodeJS.ProcessEnv {
    const bin = mkdtempSync(join(this.#folder, 'bin-'));
    const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' ');
    const as = quoted([`--namespace=${this.#stage.namespace}`, ...flags]);
    const program = quoted([this.#stage.cluster.kubectlPath]);
    const path = this.#path;
    // A plugin takes its flags behind its name; what stands behind `--` is its command.
    const plugin = `if [ "$1" = dbg ]; then verb="$2"; shift 2; exec ${program} dbg "$verb" ${as} "$@"; fi`;
    // A kubectl that is found by its name must not find this one.
    const script = `#!/bin/sh\nPATH='${path}'\n${plugin}\nexec ${program} ${as} "$@"\n`;
    writeFileSync(join(bin, 'kubectl'), script, { mode: 0o755 });
    return {
      ...process.env,
      PATH: `${bin}${delimiter}${path}`,
      NO_PROXY: '*',
      no_proxy: '*',
      ...(kubeconfig && { KUBECONFIG: kubeconfig }),
    };
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

/** A line of a terminal, whatever the width of its columns. */
function loosely(line: string): string {
  const words = line.trim().split(/\s+/);
  return words.map(literally).join('\\s+');
}
