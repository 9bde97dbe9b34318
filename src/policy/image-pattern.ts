import { globMatches } from './glob.ts';
import type { ImageReference } from './image-reference.ts';

const SHAPE =
  /^(?<registry>[*]|(?:[*][.])?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?)\/(?<path>[a-z0-9._*-]+(?:\/[a-z0-9._*-]+)*)(?::(?<tag>[A-Za-z0-9._*-]+)|@(?<digest>[a-z0-9*]+:[a-f0-9*]+))$/;
/** Bound of the CRD. */
const MAX_PATTERN = 512;

interface Pattern {
  host: string;
  port?: string | undefined;
  /** Without the `**` at the end. */
  parts: readonly string[];
  /** It ends with `**`: at least one part more follows. */
  isOpen: boolean;
  tag?: string | undefined;
  digest?: string | undefined;
}

/**
 * Whether the image is one of those that the pattern of a policy describes. `*` stands for any characters within a
 * part: the host, one part of the path, the tag, or the algorithm and the digits of the digest; `**` at the end of the
 * path for one part or more. A port counts as it is written. A pattern with a tag describes no digest, and the other
 * way round. What is no pattern (see patternFault) describes nothing.
 */
export function imageMatches(pattern: string, image: ImageReference): boolean {
  const parsed = parsePattern(pattern);
  if (typeof parsed === 'string') return false;
  if (!registryMatches(parsed, image.registry) || !pathMatches(parsed, image.path.split('/'))) return false;
  if ('digest' in image) return parsed.digest !== undefined && globMatches(parsed.digest, image.digest);
  return parsed.tag !== undefined && globMatches(parsed.tag, image.tag);
}

/**
 * What is wrong with an element of `images`; the rules and the words of the CRD
 * (test/integration/policy-manifests.test.ts).
 */
export function patternFault(text: string): string | undefined {
  const parsed = parsePattern(text);
  return typeof parsed === 'string' ? parsed : undefined;
}

function parsePattern(text: string): Pattern | string {
  if (text.length > MAX_PATTERN) return `may not be more than ${MAX_PATTERN} bytes`;
  const groups = SHAPE.exec(text)?.groups;
  if (groups === undefined) {
    return 'must be a whole reference such as docker.io/library/busybox:*: registry (* alone, or * for its first names), path, and :tag or @digest';
  }
  const { registry = '', path = '', tag, digest } = groups;
  const [host = '', port] = registry.split(':');
  const parts = path.split('/');
  const isOpen = parts.at(-1) === '**';
  if (isOpen) parts.pop();
  const pattern = { host, port, parts, isOpen, tag, digest };
  return neverMatches(pattern) ?? pattern;
}

/** Why a pattern of the right shape describes no image. */
function neverMatches({ host, port, parts, isOpen, tag = '', digest = '' }: Pattern): string | undefined {
  if ([...parts, tag, digest].some((part) => part.includes('**'))) {
    return '** stands for the end of a path, as in registry.example/debug/**:*';
  }
  if (port !== undefined) return undefined;
  if (host === 'index.docker.io' || (host === 'docker.io' && parts.length === 1 && !isOpen)) {
    return 'an image of docker.io is written docker.io/library/NAME or docker.io/USER/NAME';
  }
  return undefined;
}

/** No host name has a colon: the addresses of IPv6, which have some, are described by no pattern. */
function registryMatches(pattern: Pattern, registry: string): boolean {
  const [host = '', port] = registry.split(':');
  return port === pattern.port && globMatches(pattern.host, host);
}

function pathMatches({ parts, isOpen }: Pattern, path: readonly string[]): boolean {
  if (isOpen ? path.length <= parts.length : path.length !== parts.length) return false;
  return parts.every((part, index) => globMatches(part, path[index] ?? ''));
}
