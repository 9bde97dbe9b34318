/** What no report can know, for its top. Each is one sentence or two. */
export const BLIND_SPOTS: readonly string[] = [
  'The report has the sessions that are in the cluster now. A session that somebody deleted, or whose ttlAfterFinished has passed, is not in it.',
  'The report names the requester and the users who could attach. Only the audit log of the API server names the users who did attach, and the sessions that are gone (docs/observability.md).',
  'The requester is certain where the admission policies of DebugSession were in force. The report cannot tell if the operator ran with --insecure-no-identity.',
  'A container has ended for certain only where the kubelet reported it (StopConfirmed is True).',
];
