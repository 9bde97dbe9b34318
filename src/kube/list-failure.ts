import { ApiError } from './api-error.ts';

/** What a person can do about a refusal, such as `kubectl apply -k config/rbac`. Completes the sentence "to ...: ". */
export interface Remedies {
  /** The resource is not served. */
  install?: string;
  /** A right is missing. */
  grant?: string;
}

/** `/apis/GROUP/VERSION/[namespaces/NAMESPACE/]RESOURCE`, or `/api/v1/...` for the core group. */
const RESOURCE_PATH = /^\/apis?\/(?:([^/]+)\/)?v[^/]+\/(?:namespaces\/[^/]+\/)?([^/]+)$/;

/**
 * The refusal of a list or a watch with words that say what is wrong and what to do; code and reason stay. What is no
 * refusal that lasts (no answer, 410, 5xx) is given back as it is.
 */
export function explainListFailure(error: unknown, path: string, remedies: Remedies & { server: string }): unknown {
  if (!(error instanceof ApiError)) return error;
  const words = explanation(error, path, remedies);
  if (words === undefined) return error;
  const { code, reason, details, retryAfterMs } = error;
  return new ApiError({ code, reason, details, retryAfterMs, message: words });
}

function explanation(error: ApiError, path: string, remedies: Remedies & { server: string }): string | undefined {
  const todo = (what: string, how: string | undefined): string => (how === undefined ? '' : `; to ${what}: ${how}`);
  switch (error.code) {
    case 401:
      return `${remedies.server} does not accept our credentials (401 ${error.message}): the token or the certificate has expired, or is not of this cluster`;
    case 403:
      // The server's words name the account, the verb, the resource and the scope.
      return `a right is missing: ${error.message}${todo('grant it', remedies.grant)}`;
    case 404: {
      // A list of a resource that is served is never "not found", not even in a namespace that does not exist.
      const [, group, resource = path] = RESOURCE_PATH.exec(path) ?? [];
      const name = group === undefined ? resource : `${resource}.${group}`;
      return `the resource ${name} is not installed in the cluster${todo('install it', remedies.install)}; waiting for it`;
    }
    default:
      return undefined;
  }
}
