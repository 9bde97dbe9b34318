import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { buildPlugin } from '../../scripts/plugin.ts';
import { plain } from './terminal.ts';
import { cluster as findCluster, type Cluster } from '../cluster/cluster.ts';
import { OperatorProcess } from '../support/cluster/operator-process.ts';
import { repositoryPath } from '../support/documents/crd.ts';
import { prepareCluster } from '../support/jest/global-setup.ts';

// `node test/demo/record-session.ts`: types a session with `kubectl dbg` into a real terminal on the test cluster, as
// the user dana in the namespace shop, and writes what the terminal showed to site/session.cast (asciicast v2). The
// landing page of the site plays it. The pace of the keys is this program's; everything else is what was there.

const NAMESPACE = 'shop';
const USER = 'dana';
const COLUMNS = 100;
const ROWS = 30;
const KEY_MS = 55;
const READ_MS = 1_200;
const PATIENCE_MS = 300_000;

const HOST_PROMPT = /(?:^|\n)\$ $/;
// The shell writes its prompt again when kubectl tells it the size of the terminal.
const CONTAINER_PROMPT = /\n(?:\/ # )+$/;

/** A terminal that is typed into and recorded. */
class Recorder {
  readonly #child;
  readonly #begin = performance.now();
  readonly #events: [number, 'o', string][] = [];
  #seen = '';

  constructor(env: NodeJS.ProcessEnv) {
    const shell = `stty cols ${COLUMNS} rows ${ROWS}; exec sh -i`;
    this.#child = spawn('script', ['--quiet', '--command', shell, '/dev/null'], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#seen += text;
      this.#events.push([Math.round(performance.now() - this.#begin) / 1000, 'o', text]);
    });
  }

  /** Types a line key by key. @returns what was shown until the prompt came back @throws Error where it does not */
  async type(line: string, prompt: RegExp): Promise<string> {
    const from = this.#seen.length;
    for (const key of line) {
      this.#child.stdin.write(key);
      await delay(KEY_MS);
    }
    await delay(KEY_MS * 5);
    this.#child.stdin.write('\r');
    return this.untilPrompt(prompt, from + line.length);
  }

  /** @returns what was shown from `from` on, once it ends with the prompt @throws Error where it does not */
  async untilPrompt(prompt: RegExp, from = 0): Promise<string> {
    const end = Date.now() + PATIENCE_MS;
    const shown = (): string => plain(this.#seen.slice(from));
    while (!prompt.test(shown())) {
      if (Date.now() > end || this.#child.exitCode !== null) throw new Error(`there is no prompt: ${shown()}`);
      await delay(20);
    }
    await delay(READ_MS);
    return shown();
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }

  /** The recording as an asciicast v2. */
  cast(title: string): string {
    const header = { version: 2, width: COLUMNS, height: ROWS, idle_time_limit: 2, title };
    return [header, ...this.#events].map((line) => `${JSON.stringify(line)}\n`).join('');
  }
}

async function prepare(target: Cluster): Promise<void> {
  const must = async (args: readonly string[], input?: string): Promise<void> => {
    const { code, stderr } = await target.kubectl(args, { ...(input !== undefined && { input }) });
    if (code !== 0) throw new Error(stderr.trim());
  };
  await must(['delete', 'namespace', NAMESPACE, '--ignore-not-found']);
  await must(['create', 'namespace', NAMESPACE]);
  await must([
    'create',
    'rolebinding',
    USER,
    '--clusterrole=debugsession-user',
    `--user=${USER}`,
    `--namespace=${NAMESPACE}`,
  ]);
  const container = { name: 'app', image: 'docker.io/library/distroless:test', imagePullPolicy: 'IfNotPresent' };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web' },
    spec: { terminationGracePeriodSeconds: 1, containers: [container] },
  };
  await must(['apply', `--namespace=${NAMESPACE}`, '-f', '-'], JSON.stringify(pod));
  await must(['wait', `--namespace=${NAMESPACE}`, '--for=condition=Ready', 'pod/web', '--timeout=300s']);
}

/** A kubeconfig of the user, in the namespace. */
async function kubeconfigOfUser(target: Cluster): Promise<string> {
  const view = await target.kubectl(['config', 'view', '--raw', '--minify', '--output=json']);
  const config = JSON.parse(view.stdout) as { users: { user: object }[]; contexts: { context: object }[] };
  for (const { user } of config.users) Object.assign(user, { as: USER });
  for (const { context } of config.contexts) Object.assign(context, { namespace: NAMESPACE });
  return JSON.stringify(config);
}

async function record(target: Cluster, folder: string): Promise<string> {
  writeFileSync(join(folder, 'config'), await kubeconfigOfUser(target), { mode: 0o600 });
  symlinkSync(repositoryPath('dist/kubectl-dbg'), join(folder, 'kubectl-dbg'));
  writeFileSync(join(folder, 'profile'), "PS1='$ '\n");
  const recorder = new Recorder({
    PATH: [folder, dirname(target.kubectlPath), process.env['PATH']].join(delimiter),
    HOME: folder,
    KUBECONFIG: join(folder, 'config'),
    NO_PROXY: '*',
    TERM: 'xterm-256color',
    ENV: join(folder, 'profile'),
  });
  try {
    return await typeAll(recorder);
  } finally {
    recorder.close();
  }
}

async function typeAll(recorder: Recorder): Promise<string> {
  await recorder.untilPrompt(HOST_PROMPT);
  const started = await recorder.type('kubectl dbg web --reason INC-4711', CONTAINER_PROMPT);
  await recorder.type('ps', CONTAINER_PROMPT);
  await recorder.type('ls /proc/1/root', CONTAINER_PROMPT);
  await recorder.type('exit', HOST_PROMPT);
  await recorder.type('kubectl dbg ls', HOST_PROMPT);
  const name = /Session (\S+):/.exec(started)?.[1];
  if (name === undefined) throw new Error(`no session is named: ${started}`);
  await recorder.type(`kubectl dbg show ${name}`, HOST_PROMPT);
  return recorder.cast('A debug session, from kubectl dbg to the record');
}

const target = findCluster();
await prepareCluster();
await buildPlugin();
const account = ['debugsession-system', 'debugsession-controller-manager'] as const;
const operator = await OperatorProcess.start(await target.createServiceAccountKubeconfig(...account));
const folder = mkdtempSync(join(tmpdir(), 'record-'));
try {
  await prepare(target);
  writeFileSync(repositoryPath('site/session.cast'), await record(target, folder));
} finally {
  rmSync(folder, { recursive: true });
  // The operator lets go of the session, without which the namespace stays.
  await target.kubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found']);
  await operator.stop();
}
