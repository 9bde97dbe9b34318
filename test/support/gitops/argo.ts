import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { cachePaths } from '../../cluster/paths.ts';
import { ensureArgo } from '../../cluster/programs.ts';
import { silent } from '../../cluster/progress.ts';
import { freePort } from '../cluster/free-port.ts';
import type { Stage } from '../cluster/stage.ts';
import { repositoryPath } from '../documents/crd.ts';
import { Guide, type GuideObject } from '../documents/guide.ts';
import { ControllerProcess } from './controller-process.ts';
import { type Change, GitServer } from './git-server.ts';

const ACCOUNT = 'argocd';
const BINDINGS = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
const REFRESH = 'argocd.argoproj.io/refresh';
const PART_OF = { 'app.kubernetes.io/part-of': 'argocd' };
const IMPERSONATION = 'application.sync.impersonation.enabled';
/** Of all tests of a file. Argo CD that answers none of these is broken. */
const MOST_REQUESTS = 50;
const guide = new Guide('argo-cd.md');

/** What we read of an Application. */
export interface Application {
  metadata: { name: string; annotations?: Record<string, string> };
  status?: {
    sync?: { status: string; revision?: string };
    health?: { status?: string };
    operationState?: { phase: string; message?: string; syncResult?: { revision: string } };
    resources?: { name: string; status: string; health?: { status: string; message?: string } }[];
    conditions?: { type: string; message: string }[];
  };
}

/** What a test says of an Application. The rest is as docs/guides/argo-cd.md has it. */
export interface ApplicationSpec {
  path?: string;
  syncOptions?: string[];
  annotations?: Record<string, string>;
}

/**
 * Argo CD for the namespace of a stage: its controller, its repository server and a Redis in memory as processes, and a
 * Git server. As where people install it, Argo CD may do everything, and acts for the service account that the project
 * of the guide names. It compares when a test asks it to.
 */
export class Argo {
  /** How the API server knows Argo CD. */
  readonly username: string;
  readonly git: GitServer;
  readonly #stage: Stage;
  readonly #processes: readonly ControllerProcess[];
  readonly #storage: string;
  #asked = 0;

  private constructor(stage: Stage, git: GitServer, parts: { processes: ControllerProcess[]; storage: string }) {
    this.#stage = stage;
    this.git = git;
    this.#processes = parts.processes;
    this.#storage = parts.storage;
    this.username = `system:serviceaccount:${stage.namespace}:${ACCOUNT}`;
  }

  static async start(stage: Stage): Promise<Argo> {
    const kubeconfig = await prepare(stage);
    const storage = mkdtempSync(join(tmpdir(), 'debugsession-argo-'));
    const processes = await startProcesses(kubeconfig, stage.namespace, storage);
    const argo = new Argo(stage, await GitServer.start(), { processes, storage });
    // The folder stays when its last session goes.
    await argo.git.commit({ 'sessions/README.md': 'Sessions of the team\n' }, 'The first commit');
    await stage.client.create(
      `/apis/argoproj.io/v1alpha1/namespaces/${stage.namespace}/appprojects`,
      argo.#guided('AppProject'),
    );
    return argo;
  }

  /** Commits. @returns the revision, as Argo CD writes it */
  async push(change: Change): Promise<string> {
    const revision = await this.git.commit(change);
    return revision.split(':').at(-1) ?? '';
  }

  /** Lets Argo CD apply a folder of the repository, by the Application of the guide. */
  async apply(name: string, { path, syncOptions, annotations }: ApplicationSpec = {}): Promise<void> {
    const { spec = {}, ...rest } = this.#guided('Application');
    const source = { ...(spec['source'] as object), ...(path !== undefined && { path }) };
    const syncPolicy = { ...(spec['syncPolicy'] as object), ...(syncOptions !== undefined && { syncOptions }) };
    const metadata = { name, ...(annotations !== undefined && { annotations }) };
    await this.#stage.client.create(this.#applications, {
      ...rest,
      metadata,
      spec: { ...spec, source, syncPolicy },
    });
  }

  /**
   * Lets Argo CD compare Git and the cluster, and waits until it has. After a write of its own, Argo CD puts its copy
   * of the Application into its cache, and so overlooks a request of that moment until the object changes again.
   */
  async compare(name: string): Promise<Application> {
    const path = `${this.#applications}/${name}`;
    const isDone = ({ metadata }: Application): boolean => metadata.annotations?.[REFRESH] === undefined;
    for (;;) {
      this.#asked += 1;
      const annotations = { [REFRESH]: 'hard', asked: `${this.#asked}` };
      await this.#stage.client.patch(path, { metadata: { annotations } }, { type: 'merge' });
      const answered = this.#stage.untilObject<Application>(this.#applications, name, isDone, 2_000);
      const found = await (this.#asked > MOST_REQUESTS ? answered : answered.catch(() => undefined));
      if (found !== undefined) return found;
    }
  }

  /**
   * Waits until Argo CD has applied this revision and finds no difference, and all objects have this health.
   * @throws Error with the words of Argo CD, as soon as it says that it could not
   */
  untilSynced(name: string, revision: string, health = 'Healthy'): Promise<Application> {
    return this.until(name, ({ status }) => {
      const { phase = '', message = '', syncResult } = status?.operationState ?? {};
      if (['Failed', 'Error'].includes(phase) && syncResult?.revision === revision)
        throw new Error(`Argo CD says of Application ${name}: ${message}`);
      return (
        phase === 'Succeeded' &&
        status?.sync?.status === 'Synced' &&
        status.sync.revision === revision &&
        status.health?.status === health
      );
    });
  }

  /** Waits for a state of an Application. */
  async until(name: string, wanted: (application: Application) => boolean): Promise<Application> {
    try {
      return await this.#stage.untilObject<Application>(this.#applications, name, wanted);
    } catch (error) {
      const tails = this.#processes.map((process) => process.tail()).join('\n');
      throw new Error(`${(error as Error).message}\n${tails}`, { cause: error });
    }
  }

  async stop(): Promise<void> {
    for (const process of this.#processes) await process.stop();
    await this.#stage.client.delete(`${BINDINGS}/${this.#stage.namespace}-${ACCOUNT}`);
    await this.git.stop();
    rmSync(this.#storage, { recursive: true });
  }

  get #applications(): string {
    return `/apis/argoproj.io/v1alpha1/namespaces/${this.#stage.namespace}/applications`;
  }

  /** An object of the guide, for the namespace and the repository of a test. */
  #guided(kind: string): GuideObject {
    const found = guide.objects.find((object) => object.kind === kind);
    if (found === undefined) throw new Error(`argo-cd.md has no ${kind}`);
    const text = JSON.stringify(found)
      .replaceAll(/"(shop|argocd)"/g, JSON.stringify(this.#stage.namespace))
      .replaceAll('"https://git.example/shop/debug.git"', JSON.stringify(this.git.url));
    return JSON.parse(text) as GuideObject;
  }
}

/** The account, the rights and the settings of Argo CD. @returns its kubeconfig */
async function prepare({ client, cluster, namespace }: Stage): Promise<string> {
  await client.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: ACCOUNT } });
  await client.create(BINDINGS, {
    metadata: { name: `${namespace}-${ACCOUNT}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: ACCOUNT, namespace }],
  });
  const text = readFileSync(repositoryPath('config/argocd/argocd-cm.yaml'), 'utf8');
  const { data } = parse(text) as { data: Record<string, string> };
  await client.create(`/api/v1/namespaces/${namespace}/configmaps`, {
    metadata: { name: 'argocd-cm', labels: PART_OF },
    data: { ...data, [IMPERSONATION]: 'true' },
  });
  await client.create(`/api/v1/namespaces/${namespace}/secrets`, {
    metadata: { name: 'argocd-secret', labels: PART_OF },
  });
  return cluster.createServiceAccountKubeconfig(namespace, ACCOUNT);
}

async function startProcesses(kubeconfig: string, namespace: string, storage: string): Promise<ControllerProcess[]> {
  const program = await ensureArgo(cachePaths(process.env), silent);
  const env = {
    KUBECONFIG: kubeconfig,
    ARGOCD_FAKE_IN_CLUSTER: 'true',
    ARGOCD_GPG_ENABLED: 'false',
    ARGOCD_ASK_PASS_SOCK: join(storage, 'ask-pass.sock'),
    TMPDIR: storage,
    HOME: storage,
  };
  const processes: ControllerProcess[] = [];
  const start = async (words: string, command: string, args: readonly string[]): Promise<void> => {
    const started = ControllerProcess.start(command, { program, args: [command, ...args], env });
    processes.push(started);
    await started.untilSaid(words);
  };
  const [redis, repositories] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  await start('listens on', 'redis', [redis]);
  await start('listening on', 'repo-server', [
    '--address=127.0.0.1',
    `--port=${repositories.split(':')[1]}`,
    '--metrics-address=127.0.0.1',
    `--metrics-port=${await freePort()}`,
    '--disable-tls',
    `--redis=${redis}`,
  ]);
  await start('Application Controller', 'application-controller', [
    `--namespace=${namespace}`,
    `--repo-server=${repositories}`,
    '--repo-server-plaintext',
    `--redis=${redis}`,
    `--metrics-port=${await freePort()}`,
    '--app-resync=0',
    '--app-resync-jitter=0',
    '--persist-resource-health',
  ]);
  return processes;
}
