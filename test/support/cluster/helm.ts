import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { cluster } from '../../cluster/cluster.ts';
import { cachePaths } from '../../cluster/paths.ts';
import { ensureHelm, type HelmVersion } from '../../cluster/programs.ts';
import { silent } from '../../cluster/progress.ts';
import { type Outcome, run } from '../../cluster/run-program.ts';
import { repositoryPath } from '../documents/crd.ts';

/** The chart, as it is in the repository. */
export const CHART = repositoryPath('charts/debugsession');

/** A real Helm, as the administrator of the cluster has it. What it keeps on the machine goes with it. */
export class Helm {
  /** What a shell needs to type `helm` and `kubectl`. */
  readonly env: NodeJS.ProcessEnv;
  readonly version: HelmVersion;
  readonly #folder = mkdtempSync(join(tmpdir(), 'debugsession-helm-'));

  private constructor(path: string, version: HelmVersion) {
    const { kubeconfig, kubectlPath } = cluster();
    const kept = { HELM_CACHE_HOME: 'cache', HELM_CONFIG_HOME: 'config', HELM_DATA_HOME: 'data' };
    this.version = version;
    this.env = {
      ...process.env,
      PATH: [dirname(path), ...(kubectlPath.includes('/') ? [dirname(kubectlPath)] : []), process.env['PATH']].join(
        delimiter,
      ),
      ...Object.fromEntries(Object.entries(kept).map(([name, folder]) => [name, join(this.#folder, folder)])),
      NO_PROXY: '*',
      no_proxy: '*',
      ...(kubeconfig !== undefined && { KUBECONFIG: kubeconfig }),
    };
  }

  /**
   * Builds Helm if nobody did.
   * @param version the variable HELM says another: `HELM=4`
   */
  static async open(version: HelmVersion = process.env['HELM'] === '4' ? 4 : 3): Promise<Helm> {
    return new Helm(await ensureHelm(version, cachePaths(process.env), silent), version);
  }

  /** A failure is an outcome, never an exception. @param values of the chart, as a file */
  run(args: readonly string[], values: object = {}): Promise<Outcome> {
    // JSON is YAML. An empty file of values changes nothing.
    const takesValues = ['install', 'upgrade', 'template', 'lint'].includes(args[0] ?? '');
    const given = takesValues ? ['--values', '-'] : [];
    return run(['helm', ...args, ...given], { env: this.env, input: JSON.stringify(values) });
  }

  /** Its standard output. @throws Error with Helm's words */
  async ok(args: readonly string[], values: object = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, values);
    if (code !== 0) throw new Error(`helm ${args.join(' ')}: ${stderr.trim()}`);
    return stdout;
  }

  /** Types commands into a shell at the root of the repository. A failure is an outcome, never an exception. */
  type(commands: string): Promise<Outcome> {
    return run(['sh', '-euc', commands], { cwd: repositoryPath('.'), env: this.env });
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
