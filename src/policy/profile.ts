import { type Profile, PROFILES } from '../api/profiles.ts';
import type { SecurityContext } from '../api/ephemeral-container.ts';

/**
 * The security context of a session's container: its profile's, with the spec's own laid over it. Objects are merged
 * and lists replaced, as `kubectl debug --custom` does it (a strategic merge patch). Undefined where neither says
 * anything.
 */
export function securityContextOf(profile: Profile, overlay?: SecurityContext): SecurityContext | undefined {
  // A profile of a manifest that no API server has checked may be any word.
  const base: SecurityContext | undefined = Object.hasOwn(PROFILES, profile)
    ? PROFILES[profile].securityContext
    : undefined;
  if (overlay === undefined) return base;
  const capabilities = { ...base?.capabilities, ...overlay.capabilities };
  const seccompProfile = { ...base?.seccompProfile, ...overlay.seccompProfile } as SecurityContext['seccompProfile'];
  return {
    ...base,
    ...overlay,
    ...(Object.keys(capabilities).length > 0 && { capabilities }),
    ...(seccompProfile?.type !== undefined && { seccompProfile }),
  };
}
