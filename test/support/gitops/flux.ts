import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cachePaths } from '../../cluster/paths.ts';
import { ensureFlux } from '../../cluster/programs.ts';
import { silent } from '../../cluster/progress.ts';
import { freePort } from '../cluster/free-port.ts';
import { Guide, type GuideObject } from '../documents/guide.ts';
import type { Stage } from '../cluster/stage.ts';
import { ControllerProcess } from './controller-process.ts';
import { type Change, GitServer } from './git-server.ts';

const ACCOUNT = 'flux';
const REQUESTED = 'reconcile.fluxcd.io/requestedAt';
const BINDINGS = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
const guide = new Guide('flux.md');
/** The name of the source, and of the Kustomization, in the guide. */
const GUIDED = 'shop-debug';

/** A condition of Flux' own objects. */
export interface FluxCondition {
  type: string;
  status: string;
  reason: string;
  message: string;
  observedGeneration?: number;
}

interface FluxObject {
  metadata: { name: string; generation: number; finalizers?: string[] };
  status?: { lastHandledReconcileAt?: string; conditions?: FluxCondition[] };
}

interface Source extends FluxObject {
  status?: FluxObject['status'] & { artifact?: { revision: string } };
}

/** What we read of a Kustomization of Flux. */
export interface Kustomization extends FluxObject {
  status?: FluxObject['status'] & { lastAppliedRevision?: string; lastAttemptedRevision?: string };
}

/** What a test says of a Kustomization. The rest is as docs/guides/flux.md has it. */
export interface KustomizationSpec {
  path?: string;
  serviceAccountName?: string;
  wait?: boolean;
  force?: boolean;
  suspend?: boolean;
  timeout?: string;
}

/**
 * Flux for the namespace of a stage: source-controller and kustomize-controller as processes, a Git server, and a
 * GitRepository of it. As where people install it, Flux may do everything, and acts for the service account that a
 * Kustomization names. A test need not wait for the intervals of the guide: it asks for each sync.
 */
export class Flux {
  /** How the API server knows Flux. */
  readonly username: string;
  readonly git: GitServer;
  readonly #stage: Stage;
  readonly #controllers: readonly ControllerProcess[];
  readonly #storage: string;
  #asked = 0;
  #revision = '';

  private constructor(stage: Stage, git: GitServer, process: { controllers: ControllerProcess[]; storage: string }) {
    this.#stage = stage;
    this.git = git;
    this.#controllers = process.controllers;
    this.#storage = process.storage;
    this.username = `system:serviceaccount:${stage.namespace}:${ACCOUNT}`;
  }

  static async start(stage: Stage): Promise<Flux> {
    const { client, namespace } = stage;
    await client.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: ACCOUNT } });
    await client.create(BINDINGS, {
      metadata: { name: bindingOf(stage) },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', name: ACCOUNT, namespace }],
    });
    const kubeconfig = await stage.cluster.createServiceAccountKubeconfig(namespace, ACCOUNT);
    const programs = await ensureFlux(cachePaths(process.env), silent);
    const storage = mkdtempSync(join(tmpdir(), 'debugsession-flux-'));
    const address = `127.0.0.1:${await freePort()}`;
    const store = [`--storage-path=${storage}`, `--storage-addr=${address}`, `--storage-adv-addr=${address}`];
    const nothingShared = ['--metrics-addr=0', '--health-addr=0', '--watch-all-namespaces=false'];
    const env = { KUBECONFIG: kubeconfig, RUNTIME_NAMESPACE: namespace };
    const start = (name: string, args: readonly string[]): ControllerProcess =>
      ControllerProcess.start(name, { program: programs.get(name) ?? '', args: [...nothingShared, ...args], env });
    const controllers = [start('source-controller', store), start('kustomize-controller', [])];
    const flux = new Flux(stage, await GitServer.start(), { controllers, storage });
    await flux.git.commit({ 'README.md': 'Sessions of the team\n' }, 'The first commit');
    const { spec, ...rest } = guided('GitRepository', namespace);
    await client.create(flux.#sources, { ...rest, spec: { ...spec, url: flux.git.url } });
    return flux;
  }

  /** The newest that Flux has fetched. */
  get revision(): string {
    return this.#revision;
  }

  /** Commits, and waits until Flux has fetched it. @returns the revision */
  async push(change: Change): Promise<string> {
    return this.fetched(await this.git.commit(change));
  }

  /** Waits until Flux has fetched this revision, and returns it. */
  async fetched(revision: string): Promise<string> {
    await this.#ask(this.#sources, GUIDED);
    await this.#until<Source>(this.#sources, GUIDED, ({ status }) => status?.artifact?.revision === revision);
    this.#revision = revision;
    return revision;
  }

  /**
   * Lets Flux apply a folder of the repository, by the Kustomization of that name in the guide, or else by that for
   * sessions.
   */
  async apply(name: string, more: KustomizationSpec = {}): Promise<void> {
    const { spec, ...rest } = guided('Kustomization', this.#stage.namespace, name);
    const body = { ...rest, metadata: { name }, spec: { ...spec, timeout: '5m', ...more } };
    await this.#stage.client.create(this.#kustomizations, body);
  }

  /** Changes a Kustomization. */
  async change(name: string, spec: KustomizationSpec): Promise<void> {
    await this.#stage.client.patch(`${this.#kustomizations}/${name}`, { spec }, { type: 'merge' });
  }

  /**
   * Waits until Flux has applied this revision, and finds all objects of it healthy.
   * @throws Error with the words of Flux, as soon as it says that it could not
   */
  untilReady(name: string, revision: string): Promise<Kustomization> {
    return this.#until<Kustomization>(this.#kustomizations, name, (found) => {
      const { status, message } = ready(found) ?? {};
      if (status === 'False' && found.status?.lastAttemptedRevision === revision)
        throw new Error(`Flux says of Kustomization ${name}: ${message}`);
      return status === 'True' && found.status?.lastAppliedRevision === revision;
    });
  }

  /** Flux could not apply this revision, or finds an object unhealthy. @returns what it says */
  async untilFailed(name: string, revision: string): Promise<string> {
    const failed = await this.#until<Kustomization>(
      this.#kustomizations,
      name,
      (found) => ready(found)?.status === 'False' && found.status?.lastAttemptedRevision === revision,
    );
    return ready(failed)?.message ?? '';
  }

  /** Asks for a sync, as `flux reconcile` does, and waits until it is over. @returns the condition Ready then */
  async syncAgain(name: string): Promise<FluxCondition | undefined> {
    const token = await this.#ask(this.#kustomizations, name);
    const synced = await this.#until<Kustomization>(
      this.#kustomizations,
      name,
      ({ status }) => status?.lastHandledReconcileAt === token,
    );
    return ready(synced);
  }

  async stop(): Promise<void> {
    for (const controller of this.#controllers) await controller.stop();
    // Nobody is left who would take them off, and the namespace could never go.
    for (const path of [this.#kustomizations, this.#sources]) {
      const { items } = await this.#stage.client.list<{ items: FluxObject[] }>(path);
      for (const { metadata } of items)
        await this.#stage.client.patch(
          `${path}/${metadata.name}`,
          { metadata: { finalizers: null } },
          { type: 'merge' },
        );
    }
    await this.#stage.client.delete(`${BINDINGS}/${bindingOf(this.#stage)}`);
    await this.git.stop();
    rmSync(this.#storage, { recursive: true });
  }

  get #sources(): string {
    return `/apis/source.toolkit.fluxcd.io/v1/namespaces/${this.#stage.namespace}/gitrepositories`;
  }

  get #kustomizations(): string {
    return `/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/${this.#stage.namespace}/kustomizations`;
  }

  async #ask(path: string, name: string): Promise<string> {
    this.#asked += 1;
    const token = `request-${this.#asked}`;
    const body = { metadata: { annotations: { [REQUESTED]: token } } };
    await this.#stage.client.patch(`${path}/${name}`, body, { type: 'merge' });
    return token;
  }

  async #until<T extends FluxObject>(path: string, name: string, wanted: (object: T) => boolean): Promise<T> {
    try {
      return await this.#stage.untilObject<T>(path, name, wanted);
    } catch (error) {
      const tails = this.#controllers.map((controller) => controller.tail()).join('\n');
      throw new Error(`${(error as Error).message}\n${tails}`, { cause: error });
    }
  }
}

/** The condition Ready, once it is about the object as it is now. */
function ready({ metadata, status }: FluxObject): FluxCondition | undefined {
  return status?.conditions?.find(
    ({ type, observedGeneration }) => type === 'Ready' && observedGeneration === metadata.generation,
  );
}

function bindingOf(stage: Stage): string {
  return `${stage.namespace}-${ACCOUNT}`;
}

/** An object of the guide, for the namespace of a stage. */
function guided(kind: string, namespace: string, name: string = GUIDED): GuideObject {
  const ofKind = guide.objects.filter((object) => object.kind === kind);
  const found = [name, GUIDED].map((wanted) => ofKind.find(({ metadata }) => metadata.name === wanted)).find(Boolean);
  if (found === undefined) throw new Error(`flux.md has no ${kind} ${GUIDED}`);
  return JSON.parse(JSON.stringify(found).replaceAll('"shop"', JSON.stringify(namespace))) as GuideObject;
}
