import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  DEFAULT_MINOR,
  kubernetesMinor,
  kubernetesMinors,
  kubernetesModule,
  pinnedVersion,
} from './kubernetes-version.ts';
import { withLock } from './lock.ts';
import type { CachePaths } from './paths.ts';
import type { Progress } from './progress.ts';
import { mustRun, run } from './run-program.ts';

const kubernetesCommands = [
  'kube-apiserver',
  'kubectl',
  'kubelet',
  'kube-controller-manager',
  'kube-scheduler',
  'kube-proxy',
] as const;
const containerdCommands = ['containerd', 'containerd-shim-runc-v2', 'ctr'] as const;

export interface GoModule {
  readonly name: string;
  readonly folder: string;
  /** Files whose content decides what comes out. */
  readonly pins: readonly string[];
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Program name -> Go package. */
  readonly programs: Readonly<Record<string, string>>;
}

const here = import.meta.dirname;

/** Equal for all modules, so that packages that two of them share are compiled once. */
const LDFLAGS = '-s -w';

/** What `--version` and the API server's /version say. */
function versionSymbols(minor: string): string {
  const version = pinnedVersion(minor);
  return [`gitVersion=${version}`, 'gitMajor=1', `gitMinor=${minor.split('.')[1]}`]
    .map((symbol) => `-X k8s.io/component-base/version.${symbol}`)
    .join(' ');
}

/**
 * What the launcher builds for a cluster. go.mod and go.sum name every byte of it.
 * @param minor of Kubernetes, such as 1.37
 */
export function clusterModules(minor: string): readonly GoModule[] {
  return [kubernetes(minor), containerd, images];
}

function kubernetes(minor: string): GoModule {
  return {
    name: 'kubernetes',
    folder: kubernetesModule(minor),
    pins: ['go.mod', 'go.sum'],
    flags: ['-trimpath', `-ldflags=${LDFLAGS} ${versionSymbols(minor)}`],
    env: {},
    programs: {
      ...Object.fromEntries(kubernetesCommands.map((name) => [name, `k8s.io/kubernetes/cmd/${name}`])),
      etcd: 'go.etcd.io/etcd/server/v3',
    },
  };
}

const containerd: GoModule = {
  name: 'containerd',
  folder: join(here, 'modules', 'containerd'),
  pins: ['go.mod', 'go.sum'],
  flags: ['-trimpath', `-ldflags=${LDFLAGS}`],
  env: {},
  programs: Object.fromEntries(
    containerdCommands.map((name) => [name, `github.com/containerd/containerd/v2/cmd/${name}`]),
  ),
};

const images: GoModule = {
  name: 'images',
  folder: join(here, 'images'),
  pins: ['go.mod', 'app/main.go', 'pause/main.go'],
  flags: ['-trimpath', `-ldflags=${LDFLAGS}`],
  // Static: these run in images that hold nothing else.
  env: { CGO_ENABLED: '0' },
  programs: { app: './app', pause: './pause' },
};

/** Helm takes the version of Kubernetes for `helm template` and `helm lint` from here, without a cluster. */
const helmSymbols = (packages: readonly string[]): string =>
  packages
    .flatMap((name) => [`-X ${name}.k8sVersionMajor=1`, `-X ${name}.k8sVersionMinor=${DEFAULT_MINOR.split('.')[1]}`])
    .join(' ');

/** The versions of Helm that the chart is tested with. Apart from `modules`: no cluster needs them. */
export const helmModules: Readonly<Record<HelmVersion, GoModule>> = {
  3: {
    name: 'helm',
    folder: join(here, 'modules', 'helm'),
    pins: ['go.mod', 'go.sum'],
    flags: [
      '-trimpath',
      `-ldflags=-s -w ${helmSymbols(['helm.sh/helm/v3/pkg/chartutil', 'helm.sh/helm/v3/pkg/lint/rules'])}`,
    ],
    env: {},
    programs: { helm: 'helm.sh/helm/v3/cmd/helm' },
  },
  4: {
    name: 'helm4',
    folder: join(here, 'modules', 'helm4'),
    pins: ['go.mod', 'go.sum'],
    flags: ['-trimpath', '-ldflags=-s -w'],
    env: {},
    programs: { helm: 'helm.sh/helm/v4/cmd/helm' },
  },
};

/** What the manifest and the archive of `kubectl dbg` are tested with. Apart from `modules`: no cluster needs it. */
const krewModule: GoModule = {
  name: 'krew',
  folder: join(here, 'modules', 'krew'),
  pins: ['go.mod', 'go.sum'],
  flags: ['-trimpath', '-ldflags=-s -w'],
  env: { CGO_ENABLED: '0' },
  programs: {
    krew: 'sigs.k8s.io/krew/cmd/krew',
    'validate-krew-manifest': 'sigs.k8s.io/krew/cmd/validate-krew-manifest',
  },
};

/** The major version of Helm. */
export type HelmVersion = 3 | 4;

/**
 * No part of a cluster: built for the test that needs it. The same flags as above, so what is shared is there already.
 */
const metricsServer: GoModule = {
  name: 'metrics-server',
  folder: join(here, 'modules', 'metrics-server'),
  pins: ['go.mod', 'go.sum'],
  flags: ['-trimpath', `-ldflags=${LDFLAGS}`],
  env: {},
  programs: { 'metrics-server': 'sigs.k8s.io/metrics-server/cmd/metrics-server' },
};

/** Flux: what fetches a repository, and what applies it. A module each, for they pin other versions of the same. */
export const FLUX = ['source-controller', 'kustomize-controller'] as const;

const flux: readonly GoModule[] = FLUX.map((name) => ({
  name,
  folder: join(here, 'modules', name),
  pins: ['go.mod', 'go.sum'],
  flags: ['-trimpath', `-ldflags=${LDFLAGS}`],
  env: {},
  programs: { [name]: `github.com/fluxcd/${name}` },
}));

/** What a sync by Argo CD needs, as one program: the controller, the repository server and a Redis in memory. */
const argo: GoModule = {
  name: 'argocd',
  folder: join(here, 'modules', 'argocd'),
  pins: ['go.mod', 'go.sum', 'main.go'],
  flags: ['-trimpath', `-ldflags=${LDFLAGS}`],
  env: { CGO_ENABLED: '0' },
  programs: { argocd: '.' },
};

/** Where each program is, by its name. */
export type Programs = ReadonlyMap<string, string>;

/**
 * Builds what is not yet in the cache, of the version that KUBERNETES_VERSION asks for. A cold build takes minutes, a
 * warm one no time.
 * @throws Error when Go is missing or a build fails, with the compiler's words.
 */
export function ensurePrograms(paths: CachePaths, progress: Progress): Promise<Programs> {
  return ensure(clusterModules(kubernetesMinor(process.env)), paths, progress);
}

/** Only those that go into the test images. */
export function ensureImagePrograms(paths: CachePaths, progress: Progress): Promise<Programs> {
  return ensure([images], paths, progress);
}

/**
 * Builds Helm, which takes about a minute, unless it is in the cache.
 * @returns its path. @throws Error when Go is missing or the build fails, with the compiler's words.
 */
export async function ensureHelm(version: HelmVersion, paths: CachePaths, progress: Progress): Promise<string> {
  return (await ensure([helmModules[version]], paths, progress)).get('helm') ?? '';
}

/** Kubernetes' own server of metrics.k8s.io. */
export function ensureMetricsServer(paths: CachePaths, progress: Progress): Promise<Programs> {
  return ensure([metricsServer], paths, progress);
}

/** The controllers of Flux, which take five minutes each to build. */
export function ensureFlux(paths: CachePaths, progress: Progress): Promise<Programs> {
  return ensure(flux, paths, progress);
}

/**
 * Builds what Argo CD needs for a sync, which takes about ten minutes, unless it is in the cache.
 * @returns its path
 */
export async function ensureArgo(paths: CachePaths, progress: Progress): Promise<string> {
  return (await ensure([argo], paths, progress)).get('argocd') ?? '';
}

/**
 * The custom resource definitions of a controller of Flux, in Go's own cache, where the content is what go.sum says.
 * @returns their folder
 */
export async function fluxDefinitions(name: (typeof FLUX)[number]): Promise<string> {
  const folder = await downloaded(join(here, 'modules', name), `github.com/fluxcd/${name}`);
  return join(folder, 'config', 'crd', 'bases');
}

/** Those of Argo CD. @returns their files */
export async function argoDefinitions(): Promise<string[]> {
  const folder = join(await downloaded(argo.folder, 'github.com/argoproj/argo-cd/v3'), 'manifests', 'crds');
  return ['application', 'appproject'].map((name) => join(folder, `${name}-crd.yaml`));
}

/** @returns the folder of a Go module that this one pins */
async function downloaded(cwd: string, path: string): Promise<string> {
  const env = { ...process.env, GOFLAGS: '-mod=readonly', GOWORK: 'off' };
  const answer = await mustRun(['go', 'mod', 'download', '-json', path], { cwd, env });
  return (JSON.parse(answer) as { Dir: string }).Dir;
}

/** Builds what of these modules is not in the cache. @returns the paths by the names of the programs */
export async function ensure(wanted: readonly GoModule[], paths: CachePaths, progress: Progress): Promise<Programs> {
  const goVersion = await requireGo();
  const programs = new Map<string, string>();
  for (const module of wanted) {
    const folder = join(paths.programs, `${module.name}-${cacheKey(module, goVersion)}`);
    for (const name of Object.keys(module.programs)) programs.set(name, join(folder, name));
  }
  if ([...programs.values()].every((file) => existsSync(file))) return programs;
  const waiting = () => progress.line('another start is building the programs; waiting for it');
  await withLock(`build ${paths.programs}`, waiting, () => buildMissing(wanted, programs, progress));
  return programs;
}

/** Pure but for reading the pins: equal key, equal programs. */
export function cacheKey(module: GoModule, goVersion: string): string {
  const hash = createHash('sha256').update(JSON.stringify([goVersion, process.arch, module.flags, module.env]));
  for (const pin of module.pins) hash.update(pin).update(readFileSync(join(module.folder, pin)));
  return hash.digest('hex').slice(0, 16);
}

async function buildMissing(wanted: readonly GoModule[], programs: Programs, progress: Progress): Promise<void> {
  const work = wanted.flatMap((module) =>
    Object.entries(module.programs).map(([name, source]) => ({ module, name, source })),
  );
  const missing = work.filter(({ name }) => !existsSync(programs.get(name) ?? ''));
  for (const [index, { module, name, source }] of missing.entries()) {
    const count = `${index + 1} of ${missing.length}`;
    await progress.during(`building ${name} (${count})`, () => build(module, source, programs.get(name) ?? ''));
  }
}

async function build(module: GoModule, source: string, target: string): Promise<void> {
  const folder = join(target, '..');
  mkdirSync(folder, { recursive: true });
  // We hold the build lock, so whatever has such a name was left by a build that was killed.
  for (const file of readdirSync(folder).filter((name) => name.startsWith('.building-'))) rmSync(join(folder, file));
  const unfinished = join(folder, `.building-${process.pid}`);
  const env = { ...process.env, ...module.env, GOFLAGS: '-mod=readonly -buildvcs=false', GOWORK: 'off' };
  await mustRun(['go', 'build', ...module.flags, '-o', unfinished, source], {
    cwd: module.folder,
    env,
    timeoutMs: 3_600_000,
  });
  renameSync(unfinished, target);
}

async function requireGo(): Promise<string> {
  const folder = kubernetesModule(kubernetesMinors()[0] ?? DEFAULT_MINOR);
  const wanted = /^go (\S+)$/m.exec(readFileSync(join(folder, 'go.mod'), 'utf8'))?.[1] ?? '';
  const wayOut = `install Go ${wanted} or newer (https://go.dev/dl/) and have it on PATH, or use CLUSTER=current`;
  const asked = await run(['go', 'env', 'GOVERSION'], { cwd: folder }).catch(() => undefined);
  if (asked === undefined) throw new Error(`the cluster's programs are built with Go, which is not here: ${wayOut}`);
  if (asked.code !== 0)
    throw new Error(`Go does not accept the modules (${asked.stderr.trim().split('\n')[0]}): ${wayOut}`);
  return asked.stdout.trim();
}

/**
 * Builds krew and its validator of manifests, which takes some seconds, unless they are in the cache.
 * @returns their paths. @throws Error when Go is missing or the build fails, with the compiler's words.
 */
export async function ensureKrew(
  paths: CachePaths,
  progress: Progress,
): Promise<{ krew: string; validateKrewManifest: string }> {
  const programs = await ensure([krewModule], paths, progress);
  return { krew: programs.get('krew') ?? '', validateKrewManifest: programs.get('validate-krew-manifest') ?? '' };
}
