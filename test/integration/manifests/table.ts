/** Specs as YAML would hold them: deliberately not the TypeScript type, for half of them are wrong. */
export type Manifest = Record<string, unknown>;

/** A session to be created. `message`: what the API server must say; absent: it must accept. */
export interface CreateCase {
  what: string;
  spec: Manifest;
  sessionName?: string;
  message?: string;
}

/** A session that stands with `spec` and `status`, and is changed to `to`. */
export interface UpdateCase {
  what: string;
  spec: Manifest;
  status?: Manifest;
  to: Manifest;
  message?: string;
}

/** The smallest session that is accepted. */
/** Of the smallest session. */
export const IMAGE = 'busybox:1.36';
export const MINIMAL: Manifest = { target: { podName: 'web-7c9f' }, image: IMAGE };

/** The smallest session with more or other fields; `undefined` takes one away. */
export function spec(changes: Manifest): Manifest {
  return { ...MINIMAL, ...changes };
}

/** A case with one wrong field. */
export function wrong(what: string, changes: Manifest, message: string): CreateCase {
  return { what, spec: spec(changes), message };
}
