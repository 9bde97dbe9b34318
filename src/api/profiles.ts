import type { SecurityContext } from './ephemeral-container.ts';

interface ProfileEntry {
  /** What it adds to the container, in Markdown. */
  adds: string;
  /** The strictest Pod Security level that lets it in. */
  level: 'privileged' | 'baseline' | 'restricted';
  securityContext: SecurityContext | undefined;
}

/**
 * The profiles: what `kubectl debug --profile` of Kubernetes 1.37 sets on an ephemeral container (kubectl
 * pkg/cmd/debug/profiles.go). `npm run docs` writes them into both CRDs and docs/debugsession.md.
 */
export const PROFILES = {
  general: {
    adds: 'the capability `SYS_PTRACE`',
    level: 'privileged',
    securityContext: { capabilities: { add: ['SYS_PTRACE'] } },
  },
  baseline: { adds: 'nothing', level: 'baseline', securityContext: undefined },
  restricted: {
    adds: '`runAsNonRoot`, all capabilities dropped, no privilege escalation, seccomp `RuntimeDefault`',
    level: 'restricted',
    // Sets no runAsUser: an image whose user is root is refused by the kubelet, not by the API server.
    securityContext: {
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
      allowPrivilegeEscalation: false,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  },
  netadmin: {
    adds: 'the capabilities `NET_ADMIN` and `NET_RAW`',
    level: 'privileged',
    securityContext: { capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } },
  },
  sysadmin: { adds: '`privileged: true`', level: 'privileged', securityContext: { privileged: true } },
} satisfies Record<string, ProfileEntry>;

/** The meaning that `kubectl debug --profile` gives these words. */
export type Profile = keyof typeof PROFILES;

/** All of them, in the order of the catalogue. */
export const PROFILE_NAMES = Object.keys(PROFILES) as Profile[];
