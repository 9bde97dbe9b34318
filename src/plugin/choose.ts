import type { DebugPolicySpec } from '../api/debugpolicy.ts';
import type { Target, WorkloadRef } from '../api/debugsession.ts';
import { imageMatches } from '../policy/image-pattern.ts';
import { parseImage } from '../policy/image-reference.ts';
import { nearest } from '../text/nearest.ts';
import { oneLine } from '../text/one-line.ts';
import { defaultContainer, isPodOf, type PodSummary } from './default-container.ts';
import { Fault, UsageFault } from './fault.ts';
import type { Answer, Kubectl } from './kubectl.ts';
import type { KnownPolicy } from './policy-lookup.ts';
import { targetName } from './target-reference.ts';

/**
 * The image where neither a flag nor the policy names one. It is documented in `--help` and said in the first line of
 * every start.
 */
export const DEFAULT_IMAGE = 'docker.io/library/busybox:1.36';

/** What the person said of the container to join. */
export type ContainerWish = { kind: 'named'; name: string } | { kind: 'none' } | { kind: 'default' };

/** Which container is joined, and what the person should know about that. */
export interface ContainerChoice {
  containerName?: string | undefined;
  note?: string;
  /** Of the pod, where it was looked up and may be read. */
  namespace?: string | undefined;
}

const MAX_LIST = 500;

/**
 * The image: as the flag says, else as the policy does, else the default.
 * @throws UsageFault where the policy is known not to allow that
 */
export function chooseImage(wanted: string | undefined, policy: KnownPolicy): string {
  if (wanted !== undefined) return wanted;
  if (policy.kind === 'unknown') return DEFAULT_IMAGE;
  const { images = [], defaults } = policy.spec;
  if (defaults?.image !== undefined) return defaults.image;
  const parsed = parseImage(DEFAULT_IMAGE);
  if (parsed.kind === 'understood' && images.some((pattern) => imageMatches(pattern, parsed.image))) {
    return DEFAULT_IMAGE;
  }
  const allowed = images.length === 0 ? 'no image' : oneLine(images.join(', '), MAX_LIST);
  throw new UsageFault(
    `--image is missing: DebugPolicy ${policy.name} does not allow ${DEFAULT_IMAGE}; it allows ${allowed}`,
  );
}

/**
 * The container to join: the one that is named, else the default container of the pod where the policy lets it be
 * joined. Looks the pod up in any case, so that a mistyped name is said at once.
 * @throws Fault when there is no such pod
 */
export async function chooseContainer(
  kubectl: Kubectl,
  target: Target,
  { wish, policy, namespace }: Circumstances,
): Promise<ContainerChoice> {
  const place = namespace === undefined ? {} : { namespace };
  if (target.workloadRef !== undefined && wish.kind !== 'default') return { ...named(wish), ...place };
  // Where kubectl has to run for it, a credential plugin may ask its user: once, and not for each look at a time.
  if (namespace === undefined) await policy;
  const looked = findPod(kubectl, target, namespace);
  // A fault of the cluster or the policy is said first.
  looked.catch(() => undefined);
  const known = await policy;
  const pod = await looked;
  const found = pod === 'forbidden' ? {} : { namespace: pod.metadata.namespace };
  return { ...joined(pod, { wish, policy: known }), ...place, ...found };
}

interface Circumstances {
  wish: ContainerWish;
  policy: KnownPolicy | Promise<KnownPolicy>;
  /** Where it is known. */
  namespace?: string | undefined;
}

function joined(
  pod: PodSummary | 'forbidden',
  { wish, policy }: { wish: ContainerWish; policy: KnownPolicy },
): ContainerChoice {
  if (wish.kind !== 'default') {
    if (wish.kind === 'named' && pod !== 'forbidden') refuseUnknown(wish.name, pod);
    return named(wish);
  }
  if (policy.kind === 'known' && joinsNone(policy.spec)) return {};
  if (policy.kind === 'known' && policy.spec.allow?.includes('TargetContainer') !== true) {
    return { note: `DebugPolicy ${policy.name} lets no container be joined: its processes and files are not seen` };
  }
  if (pod === 'forbidden')
    return { note: 'You may not read pods here, so no container is joined: name one with --container' };
  return { containerName: defaultContainer(pod) };
}

/** Containers of each kind, since the operator says which of them can be joined. */
function refuseUnknown(name: string, { metadata, spec }: PodSummary): void {
  const { containers, initContainers = [], ephemeralContainers = [] } = spec;
  const known = [...containers, ...initContainers, ...ephemeralContainers].map((one) => one.name);
  if (known.includes(name)) return;
  const meant = nearest(name, known);
  const hint =
    meant === undefined ? `it has ${containers.map((one) => one.name).join(', ')}` : `did you mean ${meant}?`;
  throw new Fault(oneLine(`pod ${metadata.name} has no container ${name}: ${hint}`, MAX_LIST));
}

/** Whether a session joins no container unless the person says so. */
function joinsNone({ defaults, require = [] }: DebugPolicySpec): boolean {
  return defaults?.target === 'None' || require.includes('NoJoin');
}

function named(wish: ContainerWish): ContainerChoice {
  return wish.kind === 'named' ? { containerName: wish.name } : {};
}

async function findPod(kubectl: Kubectl, target: Target, namespace?: string): Promise<PodSummary | 'forbidden'> {
  const { podName = '', workloadRef } = target;
  if (workloadRef !== undefined) return findPodOf(kubectl, workloadRef, namespace);
  const answer = await getPods(kubectl, [podName], namespace);
  if (answer.kind === 'done') return JSON.parse(answer.stdout) as PodSummary;
  const { kind, lines } = answer.refusal;
  if (kind === 'Forbidden') return 'forbidden';
  if (kind !== 'NotFound') throw new Fault(lines);
  const others = await kubectl.call(['get', 'pods', '--output=name']);
  const names = others.kind === 'done' ? others.stdout.split('\n').map((line) => line.replace(/^pod\//, '')) : [];
  const meant = nearest(
    podName,
    names.filter((name) => name !== ''),
  );
  throw new Fault(
    `there is no pod ${podName} in ${placeOf(namespace)}${meant === undefined ? '' : `, did you mean ${meant}?`}`,
  );
}

function placeOf(namespace: string | undefined): string {
  return namespace === undefined ? 'this namespace' : `namespace ${namespace}`;
}

/** One pod, or all. */
function getPods(kubectl: Kubectl, name: [] | [string], namespace: string | undefined): Promise<Answer> {
  if (namespace === undefined) return kubectl.call(['get', 'pods', ...name, '--output=json']);
  return kubectl.read(['/api/v1/namespaces', namespace, 'pods', ...name.map(encodeURIComponent)].join('/'));
}

/** Any pod of the workload: they have the same containers. */
async function findPodOf(
  kubectl: Kubectl,
  workloadRef: WorkloadRef,
  namespace?: string,
): Promise<PodSummary | 'forbidden'> {
  const answer = await getPods(kubectl, [], namespace);
  if (answer.kind === 'refused') {
    if (answer.refusal.kind === 'Forbidden') return 'forbidden';
    throw new Fault(answer.refusal.lines);
  }
  const { items } = JSON.parse(answer.stdout) as { items: PodSummary[] };
  const pod = items.find((one) => isPodOf(one, workloadRef));
  if (pod !== undefined) return pod;
  const name = targetName({ workloadRef });
  throw new Fault(
    `no pod of ${name} is in ${placeOf(namespace)}: look at the name, or wait for a pod with --container NAME or --no-target`,
  );
}
