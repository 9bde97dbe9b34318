import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { installManifests } from './manifests.ts';

// `make uninstall`: docs/install.md says what it does and why in this order.

const SESSIONS = 'debugsessions.debugsession.dev';

/** As far as it matters here. */
interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string };
}

interface Step {
  what: string;
  takes(kind: string): boolean;
}

/**
 * What is taken away after the sessions, in order; a manifest goes with the first step that takes it. The rights go
 * before the policies which confine them, the operator before the policy without which it refuses sessions, and the
 * pods before their namespace, which otherwise looks for them again only after half of their grace. The resource goes
 * last: what is asked for without the policies goes with it.
 */
const STEPS: readonly Step[] = [
  { what: 'the operator', takes: (kind) => ['Deployment', 'PodDisruptionBudget'].includes(kind) },
  { what: 'its rights', takes: (kind) => /^(Cluster)?RoleBinding$/.test(kind) },
  { what: 'the roles', takes: (kind) => /^(Cluster)?Role$/.test(kind) },
  { what: 'the policies', takes: (kind) => /^(Validating|Mutating)AdmissionPolicy/.test(kind) },
  { what: 'the rest', takes: (kind) => !['Namespace', 'CustomResourceDefinition'].includes(kind) },
  { what: 'the namespace', takes: (kind) => kind === 'Namespace' },
  { what: 'the resource', takes: (kind) => kind === 'CustomResourceDefinition' },
];

/** The manifests of each step, every one of them once. */
export function removals<M extends Pick<Manifest, 'kind'>>(manifests: readonly M[]): M[][] {
  const stepOf = ({ kind }: M): number => STEPS.findIndex((step) => step.takes(kind));
  return STEPS.map((_, index) => manifests.filter((manifest) => stepOf(manifest) === index));
}

class Kubectl {
  readonly #seconds: number;

  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  /** @throws Error with kubectl's words */
  read(...args: string[]): string {
    return this.#run(args, 'pipe');
  }

  /**
   * Deletes and waits. What is not there is gone already.
   * @throws Error with kubectl's words, also when the time is over
   */
  delete(args: readonly string[], manifests: readonly Manifest[] = []): void {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests });
    this.#run(['delete', ...args, '--ignore-not-found', `--timeout=${this.#seconds}s`], 'inherit', input);
  }

  #run(args: readonly string[], stdout: 'pipe' | 'inherit', input = ''): string {
    // kubectl counts its time for each object.
    const timeout = (this.#seconds + 5) * 1000;
    const done = spawnSync('kubectl', args, {
      encoding: 'utf8',
      input,
      timeout,
      stdio: ['pipe', stdout, 'pipe'],
      maxBuffer: 64 << 20,
    });
    if (done.error !== undefined && 'code' in done.error && done.error.code === 'ETIMEDOUT')
      throw new Error(`kubectl has waited for ${this.#seconds} s`);
    if (done.error !== undefined) throw new Error(`kubectl: ${done.error.message}`, { cause: done.error });
    if (done.status !== 0) throw new Error(done.stderr.trim());
    return done.stdout ?? '';
  }
}

interface Held {
  metadata: { namespace: string; name: string; finalizers?: string[] };
  status?: { phase?: string };
}

/** The sessions that there are; none where the resource is gone. */
function sessions(kubectl: Kubectl): Held[] {
  if (kubectl.read('get', 'crd', SESSIONS, '--ignore-not-found', '--output=name') === '') return [];
  const listed = JSON.parse(kubectl.read('get', SESSIONS, '--all-namespaces', '--output=json')) as { items: Held[] };
  return listed.items;
}

/** What holds a session, and how it is let go. One command for each, to be typed. */
function adviceOnSessions(held: readonly Held[]): string[] {
  const named = held.map(
    ({ metadata: { namespace, name, finalizers = [] }, status }) =>
      `  ${namespace}/${name}: phase ${status?.phase ?? 'unknown'}, finalizers ${finalizers.join(', ') || 'none'}`,
  );
  const patches = held.map(
    ({ metadata: { namespace, name } }) =>
      `  kubectl patch ${SESSIONS} ${name} --namespace ${namespace} --type merge --patch '{"metadata":{"finalizers":null}}'`,
  );
  return [
    'Sessions that are not gone:',
    ...named,
    'The operator takes its finalizer off when the container has ended, or with its pod; the condition DeletionWaiting says more. Look whether the operator runs:',
    '  kubectl get deployments --all-namespaces --selector=app.kubernetes.io/name=debugsession',
    'If it is gone for good, free them by hand. A container that still runs goes on to its deadline, or until its pod goes:',
    ...patches,
  ];
}

function adviceOnNamespaces(kubectl: Kubectl, manifests: readonly Manifest[]): string[] {
  const names = manifests.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name);
  const path = '{range .status.conditions[?(@.status=="True")]}{"  "}{.type}{": "}{.message}{"\\n"}{end}';
  return names.flatMap((name) => {
    const held = kubectl.read('get', 'namespace', name, '--ignore-not-found', `--output=jsonpath=${path}`).trimEnd();
    return held === ''
      ? []
      : [
          `Namespace ${name} waits for what it still has: it is to be deleted, or let go by whoever set its finalizer:`,
          held,
        ];
  });
}

/** Says what is stuck. Never fails itself: then it has nothing to say. */
function advice(kubectl: Kubectl, manifests: readonly Manifest[]): string[] {
  try {
    const held = sessions(kubectl);
    return [...(held.length > 0 ? adviceOnSessions(held) : []), ...adviceOnNamespaces(kubectl, manifests)];
  } catch {
    return [];
  }
}

/** @throws Error of the first step that did not come to its end; those after it have not begun */
function uninstall(kubectl: Kubectl, manifests: readonly Manifest[]): void {
  const begin = (what: string): void => void process.stdout.write(`== ${what}\n`);
  const server = kubectl.read('config', 'view', '--minify', '--output=jsonpath={.clusters[0].cluster.server}');
  process.stdout.write(`from the cluster at ${server}:\n`);
  begin('the sessions');
  if (sessions(kubectl).length > 0) kubectl.delete([SESSIONS, '--all', '--all-namespaces']);
  if (sessions(kubectl).length > 0) throw new Error('somebody makes new sessions: stop that first');
  for (const [index, group] of removals(manifests).entries()) {
    if (group.length === 0) continue;
    begin(STEPS[index]?.what ?? '');
    kubectl.delete(['--cascade=foreground', '--filename=-'], group);
  }
}

/**
 * Objects of an installation that these files do not describe, such as those of a component that is not chosen here.
 */
function leftBehind(kubectl: Kubectl): string[] {
  const kinds = 'namespaces,validatingadmissionpolicies,clusterroles,clusterrolebindings';
  const names = kubectl.read('get', kinds, '--selector=app.kubernetes.io/name=debugsession', '--output=name');
  return names.split('\n').filter((name) => name !== '');
}

/** `node scripts/uninstall.ts FOLDER SECONDS` */
function main(folder = 'config/default', seconds = '120'): number {
  const kubectl = new Kubectl(Number(seconds));
  let manifests: Manifest[] = [];
  try {
    if (!/^[1-9]\d{0,4}$/.test(seconds)) throw new Error(`TIMEOUT is not a number of seconds: ${seconds}`);
    manifests = parseAllDocuments(installManifests(undefined, folder)).map((each) => each.toJS() as Manifest);
    uninstall(kubectl, manifests);
    const left = leftBehind(kubectl);
    if (left.length === 0) process.stdout.write('everything is gone\n');
    else
      process.stdout.write(
        `everything that ${folder} describes is gone; these objects stay, of a component that it does not name:\n  ${left.join('\n  ')}\n`,
      );
    return 0;
  } catch (error) {
    const lines = [error instanceof Error ? error.message : String(error), ...advice(kubectl, manifests)];
    process.stderr.write(
      `${lines.join('\n')}\nThen type "make uninstall" again: what is gone already is no hindrance.\n`,
    );
    return 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(...process.argv.slice(2));
