import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import type { DebugSessionSpec } from './debugsession.ts';

/**
 * One word for the request of a session and its requester: sha256 (hex) over the spec as JSON with sorted keys. Of the
 * requester only name and uid count: groups and credentials differ from one request of theirs to the next.
 */
export function requestHashOf(spec: DebugSessionSpec): string {
  const { username, uid } = spec.requestedBy ?? {};
  return createHash('sha256')
    .update(canonicalJson({ ...spec, requestedBy: { username, uid } }))
    .digest('hex');
}
