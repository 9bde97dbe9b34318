import { containersOf, nameOf, type SeenContainer } from '../containers.ts';
import type { PodFacts } from '../facts.ts';
import type { Finding } from '../finding.ts';

const REASONS = [
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
  'ErrImagePullTimeout',
];

interface Cause {
  says: RegExp;
  means: string;
  todo: (image: string, secrets: string) => string;
}

/** The words of registries and container runtimes; the first that fits counts. */
const CAUSES: readonly Cause[] = [
  {
    says: /toomanyrequests|too many requests|rate limit|\b429\b/i,
    means: 'The registry limits how many images are pulled, and the limit is reached.',
    todo: () => 'Wait, pull with an account (imagePullSecrets), or use a mirror of the registry.',
  },
  {
    // A registry does not tell whether there is no such image or it is not for you.
    says: /pull access denied|may require authorization|insufficient_scope/i,
    means: 'The registry has no such image, or the node may not pull it: it gives the same answer to both.',
    todo: (image, secrets) => `Check the name ${image}; for a private image check ${secrets}.`,
  },
  {
    says: /unauthorized|authentication required|no basic auth credentials|denied|\b40[13]\b|forbidden/i,
    means: 'The registry refuses the credentials, or wants some.',
    todo: (_, secrets) => `Check ${secrets}.`,
  },
  {
    says: /no match for platform|no matching manifest|exec format/i,
    means: 'The image exists, and not for the processor or system of the node.',
    todo: () => 'Build the image for the node, or choose a node that it is made for.',
  },
  {
    says: /not found|manifest unknown|name unknown|does not exist|\b404\b/i,
    means: 'The registry has no image of this name and tag.',
    todo: (image) => `Correct the name or the tag of ${image}, or push the image.`,
  },
  {
    says: /x509|certificate/i,
    means: 'The node does not trust the certificate of the registry.',
    todo: () => 'Give the nodes the authority of the registry, or correct its certificate.',
  },
  {
    says: /no such host|server misbehaving|connection refused|i\/o timeout|no route to host|network is unreachable|dial tcp|deadline exceeded|TLS handshake|connection reset|EOF/i,
    means: 'The node cannot reach the registry.',
    todo: (image) => `Check the host name in ${image}, and whether the nodes reach it (DNS, firewall, proxy).`,
  },
  {
    says: /no space left/i,
    means: 'The disk of the node is full.',
    todo: () => 'Free disk on the node, or use another node.',
  },
];

/** The kubelet cannot get the image of a container. */
export function imagePull(facts: PodFacts): Finding[] {
  return containersOf(facts.pod).flatMap((container) => {
    const reason = container.waiting?.reason;
    return reason !== undefined && REASONS.includes(reason) ? [notPulled(facts, container, reason)] : [];
  });
}

function notPulled(facts: PodFacts, container: SeenContainer, reason: string): Finding {
  const image = container.spec.image ?? '';
  const said = wordsOf(facts, container);
  return {
    kind: reason,
    weight: 'broken',
    container: container.name,
    title: `${nameOf(container)} cannot start: its image cannot be pulled`,
    seen: [`${reason}: image ${image}`, ...said],
    ...causeOf(facts, { reason, image, said: said.join(' ').replaceAll(image, '') }),
  };
}

/** In ImagePullBackOff older kubelets keep the cause in an event only. */
function wordsOf({ events }: PodFacts, { name, waiting }: SeenContainer): string[] {
  const message = waiting?.message ?? '';
  const failed = events.find(
    ({ reason, container, message: text }) =>
      reason === 'Failed' && container === name && text.startsWith('Failed to pull image'),
  );
  const isCause = message !== '' && !/^Back-off pulling image "[^"]*"$/.test(message);
  if (isCause) return [message];
  return [message, failed?.message ?? ''].filter((words) => words !== '');
}

function causeOf(
  { pod, events }: PodFacts,
  { reason, image, said }: { reason: string; image: string; said: string },
): Pick<Finding, 'means' | 'todo'> {
  if (reason === 'InvalidImageName')
    return { means: 'The text is no name of an image.', todo: ['Correct the field image of the container.'] };
  if (reason === 'ErrImageNeverPull') {
    return {
      means: 'imagePullPolicy is Never, and the node does not have the image.',
      todo: ['Load the image onto the node, or set imagePullPolicy to IfNotPresent.'],
    };
  }
  const names = (pod.spec.imagePullSecrets ?? []).map(({ name = '' }) => name).join(', ');
  const secrets = names === '' ? 'the credentials: the pod has no imagePullSecrets' : `the imagePullSecrets (${names})`;
  const missing = events.find((event) => event.reason === 'FailedToRetrieveImagePullSecret');
  const cause = CAUSES.find(({ says }) => says.test(said));
  return {
    means: cause?.means ?? 'The container runtime could not get the image, for the reason above.',
    todo: [
      cause?.todo(image, secrets) ?? `Check the name ${image} and the registry.`,
      ...(missing === undefined ? [] : [`An image pull secret is missing: ${missing.message}`]),
    ],
  };
}
