/**
 * An image reference written out in full. Of tag and digest one counts: by a digest an image is pulled without a look
 * at the tag.
 */
export type ImageReference = {
  /**
   * Host and, if one was written, `:port`. In the case in which it was written: container runtimes do not take
   * Docker.io for docker.io.
   */
  registry: string;
  /** With `library/` for what docker.io has under a single name. */
  path: string;
} & ({ tag: string } | { digest: string });

export type ParsedImage = { kind: 'understood'; image: ImageReference } | { kind: 'notUnderstood'; why: string };

/** Bound of spec.image in the CRD. */
const MAX_TEXT = 1024;
/** Of the path, by github.com/distribution/reference. */
const MAX_PATH = 255;

const HOST_LABEL = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const REGISTRY = new RegExp(`^(?:${HOST_LABEL}(?:\\.${HOST_LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const PATH_PART = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$/;
/**
 * What a container runtime takes for the ID of an image that lies on the node: whoever may name one may run any image
 * that is there.
 */
const IMAGE_ID = /^(?:[a-f0-9]{64}|sha(?:256|384|512)(?:[:@].*)?)$/s;

/**
 * Writes a reference out in full, as the kubelet and the container runtimes do by ParseDockerRef of
 * github.com/distribution/reference: `busybox` is docker.io/library/busybox:latest. What that library refuses is not
 * understood here either, nor what it reads as an image without a registry (`foo_bar.example/tool`), nor the ID of an
 * image. Takes any text and never throws.
 */
export function parseImage(text: string): ParsedImage {
  if (text.length > MAX_TEXT) return notUnderstood(`it is longer than ${MAX_TEXT} characters`);
  if (IMAGE_ID.test(text)) return notUnderstood('it is the ID of an image and not a reference');
  const { registry, rest } = splitRegistry(text);
  if (!REGISTRY.test(registry)) return notUnderstood('its registry is not a host name');
  const { name, tag, digest } = splitName(rest);
  const path = registry === 'docker.io' && !name.includes('/') ? `library/${name}` : name;
  if (path.length > MAX_PATH) return notUnderstood(`its path is longer than ${MAX_PATH} characters`);
  if (!path.split('/').every((part) => PATH_PART.test(part))) {
    return notUnderstood('its path is not made of lower-case letters, digits and single separators');
  }
  if (tag !== undefined && !TAG.test(tag)) return notUnderstood('its tag is not one');
  if (digest !== undefined) {
    if (!DIGEST.test(digest)) return notUnderstood('its digest is not one of sha256, sha384 or sha512');
    return { kind: 'understood', image: { registry, path, digest } };
  }
  return { kind: 'understood', image: { registry, path, tag: tag ?? 'latest' } };
}

/** The reference as one text. */
export function imageText(image: ImageReference): string {
  const name = `${image.registry}/${image.path}`;
  return 'digest' in image ? `${name}@${image.digest}` : `${name}:${image.tag}`;
}

/**
 * The first part is a registry if it cannot be part of a path, or is `localhost`: else it belongs to the path, on
 * docker.io.
 */
function splitRegistry(text: string): { registry: string; rest: string } {
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  if (first === 'index.docker.io') return { registry: 'docker.io', rest: text.slice(slash + 1) };
  if (first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase()) {
    return { registry: first, rest: text.slice(slash + 1) };
  }
  return { registry: 'docker.io', rest: text };
}

function splitName(rest: string): { name: string; tag?: string; digest: string | undefined } {
  const at = rest.indexOf('@');
  const digest = at < 0 ? undefined : rest.slice(at + 1);
  const tagged = at < 0 ? rest : rest.slice(0, at);
  const colon = tagged.indexOf(':');
  return colon < 0 ? { name: tagged, digest } : { name: tagged.slice(0, colon), tag: tagged.slice(colon + 1), digest };
}

function notUnderstood(why: string): ParsedImage {
  return { kind: 'notUnderstood', why };
}
