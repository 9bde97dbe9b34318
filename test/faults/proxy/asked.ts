/** A request that came through the proxy. */
export interface Asked {
  verb: string;
  path: string;
  isWatch: boolean;
  /** An exec or an attach: a GET that becomes a WebSocket. */
  isUpgrade: boolean;
}

/** What tells of a session, or asks about it: it is not counted, and may be lost or sent again. */
const BESIDE = /\/(?:events|leases|subjectaccessreviews|localsubjectaccessreviews|tokenreviews)(?:\/|$)/;

/**
 * A write of the session, of its pod, or into its container. Events, the Lease and access reviews do not count: an
 * event may be lost, a Lease is renewed all the time, and a review changes nothing.
 */
export function isCounted({ verb, path, isUpgrade }: Asked): boolean {
  return isUpgrade || (verb !== 'GET' && !BESIDE.test(path));
}

/** Told beside the session: nothing depends on it, or it is an election. */
const ASIDE = /\/(?:events|leases)(?:\/|$)/;

/** A question, a watch, or an access review: what the operator decides on. */
export function isRead(asked: Asked): boolean {
  return !isCounted(asked) && !ASIDE.test(asked.path);
}

/** The request in one word or two, without names: `PATCH pods/ephemeralcontainers`. */
export function nameOf({ verb, path, isUpgrade, isWatch }: Asked): string {
  const parts = path.replace(/^\/(?:api\/v1|apis\/[^/]+\/[^/]+)\/(?:namespaces\/[^/]+\/)?/, '').split('/');
  const [resource = '', , subresource] = parts;
  return `${verbOf(verb, isUpgrade, isWatch)} ${[resource, subresource].filter(Boolean).join('/')}`;
}

function verbOf(verb: string, isUpgrade: boolean, isWatch: boolean): string {
  if (isUpgrade) return 'CONNECT';
  return isWatch ? 'WATCH' : verb;
}
