import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { packPlugin } from '../../scripts/plugin.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { busyboxImage } from '../../test/cluster/image-names.ts';
import { appPod, isReady } from '../../test/support/builders/pods.ts';
import { Terminal } from '../../test/support/cluster/attach.ts';
import { Followed } from '../rig/followed.ts';
import { numbered } from '../rig/stand.ts';
import type { Rig } from '../rig/rig.ts';

export interface PluginOptions {
  /** Rounds of one list by the plugin and one by kubectl. */
  lists: number;
  /** Rounds of one terminal by the plugin and one by `kubectl debug`. */
  terminals: number;
}

/** All in ms, one value for each sample. */
export interface PluginTimes {
  dbgLs: number[];
  kubectlGet: number[];
  /** Kubectl starts the plugin, which asks nobody anything. */
  dbgVersion: number[];
  /** From the command until a prompt answers. */
  dbgToPrompt: number[];
  kubectlDebugToPrompt: number[];
}

const PODS = 10;
const PROMPT = /[#$] /;
/** The terminal is there; a shell that was there before has shown its prompt to nobody. */
const ATTACHED = /Enter shows a prompt|pressing enter|[#$] /;

/** What a person waits for at a terminal, beside kubectl's own way, by turns. */
export async function measurePlugin(rig: Rig, { lists, terminals }: PluginOptions): Promise<PluginTimes> {
  const folder = mkdtempSync(join(tmpdir(), 'debugsession-bench-plugin-'));
  const namespace = await rig.namespace('plugin');
  const pods = await Followed.start<RawPod>(rig.client, podsPath(namespace));
  const operator = await rig.startOperator();
  const names = numbered('pod', PODS);
  const measure = async (): Promise<PluginTimes> => {
    await packPlugin(folder);
    for (const name of names) {
      await rig.client.create(podsPath(namespace), { metadata: { name }, spec: appPod() });
      await pods.until(name, isReady, 120_000);
    }
    const person = new Person(rig, namespace, folder);
    const times: PluginTimes = {
      ...{ dbgLs: [], kubectlGet: [], dbgVersion: [] },
      ...{ dbgToPrompt: [], kubectlDebugToPrompt: [] },
    };
    for (let round = 0; round < terminals; round += 1) {
      const [pod = '', other = ''] = [names[(2 * round) % PODS], names[(2 * round + 1) % PODS]];
      const turns = [
        async () => times.dbgToPrompt.push(await person.prompt(`kubectl dbg ${pod} -c app`)),
        async () => times.kubectlDebugToPrompt.push(await person.prompt(debugCommand(other, round))),
      ];
      for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn();
    }
    for (let round = 0; round < lists; round += 1) {
      const turns = [
        () => times.dbgLs.push(person.run('kubectl dbg ls')),
        () => times.kubectlGet.push(person.run('kubectl get dbg')),
        () => times.dbgVersion.push(person.run('kubectl dbg --version')),
      ];
      for (const turn of round % 2 === 0 ? turns : turns.reverse()) turn();
    }
    return times;
  };
  try {
    return await Promise.race([operator.failed, measure()]);
  } finally {
    await rig.stopOperator(operator);
    await pods.stop();
    rmSync(folder, { recursive: true });
  }
}

function debugCommand(pod: string, round: number): string {
  return `kubectl debug ${pod} --container=raw-${round} --image=${busyboxImage} --target=app --profile=general -it -- sh`;
}

/** Somebody at a terminal of the cluster, with the plugin in PATH. */
class Person {
  readonly #env: NodeJS.ProcessEnv;
  readonly #namespace: string;

  constructor({ cluster: { kubectlPath, kubeconfig } }: Rig, namespace: string, folder: string) {
    this.#namespace = namespace;
    const path = [folder, dirname(kubectlPath), process.env['PATH']].join(delimiter);
    this.#env = {
      ...process.env,
      PATH: path,
      NO_PROXY: '*',
      ...(kubeconfig !== undefined && { KUBECONFIG: kubeconfig }),
    };
  }

  /** Ms of one command. */
  run(command: string): number {
    const begin = performance.now();
    const { status, stderr } = spawnSync('sh', ['-c', `${command} -n ${this.#namespace}`], { env: this.#env });
    if (status !== 0) throw new Error(`${command}: ${stderr.toString()}`);
    return performance.now() - begin;
  }

  /** Ms until a prompt answers what is typed. */
  async prompt(command: string): Promise<number> {
    const [first = '', ...rest] = command.split(' -- ');
    const line = [`${first} -n ${this.#namespace}`, ...rest].join(' -- ');
    const begin = performance.now();
    const terminal = Terminal.start(line, this.#env);
    await terminal.sees(ATTACHED);
    await terminal.run('', PROMPT);
    const took = performance.now() - begin;
    terminal.type('exit');
    await terminal.ended();
    return took;
  }
}
