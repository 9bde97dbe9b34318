import type { DebugPolicySpec } from '../api/debugpolicy.ts';

/**
 * What the policy `default` allows as long as there is no object of that name, so that the operator works after its
 * installation and needs no right to write policies. config/policy/default-policy.yaml says the same.
 */
export const BUILT_IN_POLICY: DebugPolicySpec = {
  images: [
    'docker.io/library/busybox:*',
    'docker.io/library/alpine:*',
    'docker.io/library/debian:*',
    'docker.io/library/ubuntu:*',
  ],
  profiles: ['general', 'baseline', 'restricted'],
  ttl: { default: '30m', max: '4h' },
  limits: { perPod: 5, perUser: 10, perNamespace: 50, perUserPerPod: 3, waitingPerUser: 50, containersPerPod: 50 },
  allow: ['TargetContainer', 'Env'],
};
