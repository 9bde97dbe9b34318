import type { Profile } from '../../api/debugsession.ts';
import type { SecurityContext } from '../../api/ephemeral-container.ts';

/** What `kubectl debug --profile` of Kubernetes 1.36 sets on an ephemeral container (kubectl pkg/cmd/debug/profiles.go). */
const PROFILES: Record<Profile, SecurityContext | undefined> = {
  general: { capabilities: { add: ['SYS_PTRACE'] } },
  baseline: undefined,
  // Sets no runAsUser: an image whose user is root is refused by the kubelet, not by the API server.
  restricted: {
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
    allowPrivilegeEscalation: false,
    seccompProfile: { type: 'RuntimeDefault' },
  },
  netadmin: { capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } },
  sysadmin: { privileged: true },
};

/**
 * The security context of a session's container: its profile's, with the spec's own laid over it. Objects are merged and lists replaced, as
 * `kubectl debug --custom` does it (a strategic merge patch). Undefined where neither says anything.
 */
export function securityContextOf(profile: Profile, overlay?: SecurityContext): SecurityContext | undefined {
  const base = PROFILES[profile];
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
