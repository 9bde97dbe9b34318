/**
 * OpenKruise's EphemeralJob, from another run of it on such a rig, not from this one: started without a client-side
 * limit, and with 10,000 pods.
 */
export const EPHEMERAL_JOB = { perSecond: 128, megabytesWithPods: 463 * 1.048576, pods: 10_000 };
