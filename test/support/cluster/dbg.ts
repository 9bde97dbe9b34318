import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { type Outcome, run } from '../../cluster/run-program.ts';
import { repositoryPath } from '../documents/crd.ts';
import { actAs } from './act-as.ts';
import { Terminal } from './attach.ts';
import type { Stage } from './stage.ts';

/**
 * Somebody who types `kubectl dbg` in the namespace of a stage: kubectl finds the built plugin in PATH, as people have
 * it.
 */
export class Dbg {
  readonly env: NodeJS.ProcessEnv;
  readonly #stage: Stage;
  readonly #as: readonly string[];
  readonly #bin = mkdtempSync(join(tmpdir(), 'kubectl-dbg-'));

  /** @param user whom the administrator impersonates; the administrator without it */
  constructor(stage: Stage, user?: string, more: NodeJS.ProcessEnv = {}) {
    this.#stage = stage;
    this.#as = user === undefined ? [] : actAs(user);
    symlinkSync(repositoryPath('dist/kubectl-dbg'), join(this.#bin, 'kubectl-dbg'));
    const { kubectlPath, kubeconfig } = stage.cluster;
    const kubectl = kubectlPath.includes('/') ? [dirname(kubectlPath)] : [];
    this.env = {
      ...process.env,
      PATH: [this.#bin, ...kubectl, process.env['PATH']].join(delimiter),
      NO_PROXY: '*',
      no_proxy: '*',
      ...(kubeconfig !== undefined && { KUBECONFIG: kubeconfig }),
      ...more,
    };
  }

  /** Runs it without a terminal. A failure is an outcome. @param words those behind `--` are the command */
  run(words: readonly string[], input = ''): Promise<Outcome> {
    return run(['kubectl', 'dbg', ...this.#words(words)], { env: this.env, input });
  }

  /** The same with these words alone: neither the namespace nor the user are said. */
  runBare(words: readonly string[]): Promise<Outcome> {
    return run(['kubectl', 'dbg', ...words], { env: this.env, input: '' });
  }

  /** Runs it on a terminal. @param columns of the terminal */
  open(words: readonly string[], columns = 120): Terminal {
    const line = ['kubectl', 'dbg', ...this.#words(words)]
      .map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
      .join(' ');
    return Terminal.start(`stty cols ${columns} rows 30; exec ${line}`, this.env);
  }

  close(): void {
    rmSync(this.#bin, { recursive: true });
  }

  #words(words: readonly string[]): string[] {
    const at = words.indexOf('--');
    const own = at < 0 ? words : words.slice(0, at);
    const command = at < 0 ? [] : words.slice(at);
    return [...own, `--namespace=${this.#stage.namespace}`, ...this.#as, ...command];
  }
}
