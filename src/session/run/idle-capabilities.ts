import type { DebugSessionSpec, Run } from '../../api/debugsession.ts';
import type { Pod } from '../../api/pod.ts';
import { securityContextOf } from '../../policy/profile.ts';

/** Capabilities that a container adds and cannot use. */
export interface IdleCapabilities {
  capabilities: string[];
  /** As whom the container runs. */
  user: number;
  /** What says so. */
  from: string;
}

/**
 * The capabilities that have no effect, because the container runs as another user than 0: the runtime adds them to the
 * bounding set alone, and execve(2) of another user gives none. `kubectl debug` warns of the pod's user in the same
 * way. Undefined where there are none, or only the image says who the user is, which nobody here knows.
 */
export function idleCapabilities(
  { profile = 'general', securityContext }: Pick<DebugSessionSpec, 'profile' | 'securityContext'>,
  { effective }: Run,
  { spec }: Pod,
): IdleCapabilities | undefined {
  const own = securityContextOf(effective?.profile ?? profile, securityContext) ?? {};
  const capabilities = own.privileged === true ? [] : (own.capabilities?.add ?? []);
  const user = own.runAsUser ?? spec.runAsUser;
  if (capabilities.length === 0 || user === undefined || user === 0) return undefined;
  return {
    capabilities,
    user,
    from: own.runAsUser === undefined ? "the pod's securityContext" : 'spec.securityContext',
  };
}
