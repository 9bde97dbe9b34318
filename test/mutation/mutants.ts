/** A bug that somebody could make: `from` stands exactly once in the file. */
export interface Mutant {
  name: string;
  file: string;
  from: string;
  to: string;
}

const session = (file: string, name: string, from: string, to: string): Mutant => ({
  name,
  file: `src/session/${file}.ts`,
  from,
  to,
});

const reconcile = (file: string, name: string, from: string, to: string): Mutant => ({
  name,
  file: `src/reconcile/${file}.ts`,
  from,
  to,
});

const runtime = (file: string, name: string, from: string, to: string): Mutant => ({
  name,
  file: `src/runtime/${file}.ts`,
  from,
  to,
});

export const MUTANTS: readonly Mutant[] = [
  reconcile('session-api', 'the patch of the pod carries no uid', 'metadata: { uid: pod.uid }', 'metadata: {}'),
  reconcile(
    'session-api',
    'finalizers are patched without a resource version',
    'metadata: { uid, resourceVersion, finalizers }',
    'metadata: { uid, finalizers }',
  ),
  session(
    'container',
    'the name is random',
    "createHash('sha256').update(sessionUID)",
    "createHash('sha256').update(sessionUID + Math.random())",
  ),
  session('container', 'the name is without its attempt', '.slice(0, 8)}-${attempt}`', '.slice(0, 8)}`'),
  session('container', 'the session is not named in the container', 'value: sessionUID }', "value: '' }"),
  session(
    'conditions',
    'lastTransitionTime is always touched',
    'before?.status === next.status ? before.lastTransitionTime : toTimestamp(at.now)',
    'toTimestamp(at.now)',
  ),
  session('preflight', 'finished pods are not looked for', '  notFinished,\n', ''),
  session('preflight', 'unscheduled pods are not looked for', '  scheduled,\n', ''),
  session('preflight', 'the target may be stopped', '  targetRunning,\n', ''),
  session('lifecycle', 'an equal attempt starts again', 'session.spec.attempt > (', 'session.spec.attempt >= ('),
  session(
    'lifecycle',
    'a deleted session still starts',
    'session.metadata.deletionTimestamp === undefined && session.spec.attempt',
    'session.spec.attempt',
  ),
  session('lifecycle', 'a late start is not looked for', 'now < Date.parse(run.lastMoment)', 'false'),
  session(
    'plan-start',
    'the finalizer is forgotten',
    "if (!hasFinalizer(session)) return { effect: { kind: 'addFinalizer' }, events: [] };",
    '',
  ),
  session(
    'plan',
    'a finalizer that was taken off is not put back',
    "hasFinalizer(session) ? planRun(situation, run) : { effect: { kind: 'addFinalizer' }, events: [] }",
    'planRun(situation, run)',
  ),
  session(
    'plan-start',
    'notAfter is not kept',
    'if (lapse !== undefined && now > lapse)',
    'if (lapse !== undefined && now > lapse + 1e12)',
  ),
  session(
    'plan-start',
    'pendingTimeout counts anew with each look',
    '(acceptedAt(session) ?? now) + parseDuration',
    'now + parseDuration',
  ),
  session(
    'plan-run',
    'startTimeout of a waiting container is not kept',
    'if (now >= deadline) {\n    return finish',
    'if (now >= deadline + 1e12) {\n    return finish',
  ),
  session(
    'plan-run',
    'the hash of the intent is not compared',
    'if (specHashOf(container) !== run.specHash)',
    'if (specHashOf(container) === undefined)',
  ),
  session('plan-run', 'a taken name is not seen', 'if (seen.nameTaken)', 'if (seen.nameTaken && false)'),
  session(
    'observation',
    'a replaced pod is taken for the first',
    'sighting.pod.metadata.uid === run.podUID ? sighting.pod',
    'true ? sighting.pod',
  ),
  session(
    'observation',
    'a container that could not be started is waited for',
    "return waitingReason === 'RunContainerError' ?",
    "return waitingReason === 'never' ?",
  ),
  session(
    'observation',
    'InvalidImageName is not final',
    "{ reason: 'InvalidImageName', final: true }",
    "{ reason: 'InvalidImageName', final: false }",
  ),
  session(
    'run-record',
    'the clock of the node is believed',
    'Math.min(Math.max(reported, injectedAt), Math.max(now, injectedAt))',
    'reported',
  ),
  session('run-record', 'the time of the injection moves', 'if (run.injectedAt !== undefined) return run;', ''),
  session(
    'stop-confirmation',
    'a lost container counts as ended',
    "run.exitCode !== undefined && run.reason !== 'ContainerStatusUnknown'",
    'run.exitCode !== undefined',
  ),
  session(
    'stop-confirmation',
    'a pod that went unseen counts as ended',
    "'StopConfirmed', 'Unknown', 'ForceDeleted'",
    "'StopConfirmed', 'True', 'ForceDeleted'",
  ),
  session(
    'stop-confirmation',
    'the last moment passes unnoticed',
    'stopConfirmation(run, now).status ===',
    'stopConfirmation(run, now).status !==',
  ),
  session(
    'plan-over',
    'the finalizer stays for ever',
    'if (!mayStartLate(run, now)) return letGoNow;',
    'if (!mayStartLate(run, now)) return step;',
  ),
  session(
    'plan-over',
    'a session without a run keeps its finalizer',
    "hasFinalizer(session) ? { effect: { kind: 'removeFinalizer' }, events: [] } : rest(now);",
    'rest(now);',
  ),
  session('plan-deletion', 'a deleted session goes before its container', 'if (now < at) return rest(now, at);', ''),
  session(
    'plan-deletion',
    'a deleted session is held for ever',
    'if (now < at) return rest(now, at);',
    'if (now < at + 1e12) return rest(now, at);',
  ),
  session(
    'outcome',
    'an equal status is written again',
    'if (canonicalJson(status) === canonicalJson(session.status ?? {})) return rest(now, wakeAt);',
    '',
  ),
  session(
    'status',
    'earlier runs are dropped',
    '[...runs.filter((other) => other.attempt !== run.attempt), run]',
    '[run]',
  ),
  session(
    'ending',
    'exit codes are guessed at',
    'if (supervisorWord(run, terminated) !== DEADLINE) return false;',
    'if (terminated.exitCode !== 129) return false;',
  ),
  session(
    'effective',
    'the ttl of the supervisor is rounded down',
    'Math.ceil(parseDuration(effective.ttl)',
    'Math.floor(parseDuration(effective.ttl)',
  ),
  session(
    'intent',
    'the last moment is the start by',
    'toTimestamp(startBy + ttlSeconds(effective) * 1000)',
    'toTimestamp(startBy)',
  ),
  session(
    'refusal',
    'Pod Security is tried again and again',
    "[says(/violates PodSecurity/), 'permanent'",
    "[says(/violates PodSecurity/), 'retry'",
  ),
  session('refusal', 'a full server is a refusal', 'code(401, 408, 409, 429)', 'code(401, 408, 409)'),
  session(
    'choose-pod',
    'pods of others are chosen',
    'o.controller === true && owners.has(o.uid)',
    'o.controller === true',
  ),
  reconcile(
    'reconciler',
    'a refusal is swallowed',
    "if (refusal.kind === 'retry') throw error;",
    "if (refusal.kind === 'retry' || refusal.kind === 'permanent') return 'done';",
  ),
  reconcile('reconciler', 'a conflict is an error', "if (error.code === 409) return 'conflict';", ''),
  reconcile('reconciler', 'the answer of a write is not kept', 'this.#parts.sessions.remember(answer);', ''),
  reconcile('session-cache', 'own writes wake their session', 'if (!this.#writing) onForeignChange', 'onForeignChange'),
  reconcile('pod-watches', 'a watch that nobody uses stays open', 'watch.abort.abort();\n  }\n\n  /**', '}\n\n  /**'),
  reconcile(
    'pod-watches',
    'the last state of a pod is not kept',
    "if (type === 'DELETED') this.#graves.set(podKey, pod);",
    '',
  ),
  reconcile('trim', 'whose container it is gets lost', 'defined({ name, sessionUID: env', 'defined({ name, other: env'),
  reconcile(
    'pod-watches',
    'the answer of a write is kept only where the pod is known',
    'if (covers(scope, pod)) informer',
    'if (covers(scope, pod) && informer.store.list().length > 0) informer',
  ),
  reconcile(
    'reconciler',
    'what was read of a pod is forgotten before it is looked at',
    "sighting.kind === 'present') pods.rememberFor(key, sighting.pod);",
    "sighting.kind === 'present') pods.release(key);",
  ),
  runtime('list-watch', 'a watch that is silent is believed', 'setTimer(idleMs, ', 'setTimer(idleMs * 1e6, '),
  runtime('list-watch', 'started twice, it runs twice', '(this.#running ??= this.#loop(signal))', 'this.#loop(signal)'),
  runtime('list-watch', 'Retry-After is not obeyed', 'retryAfterMs === undefined ? own', 'own > 0 ? own'),
  runtime('list-watch', 'no pause between one 410 and the next', 'if (this.#goneBefore) await', 'if (false) await'),
  runtime(
    'list-watch',
    'a bookmark and a hang-up are no reason for a pause',
    'onBookmark?.(resourceVersion));\n      return false;',
    'onBookmark?.(resourceVersion));\n      return true;',
  ),
  runtime(
    'list-watch',
    'a repeated event sets the watch back',
    'latestResourceVersion(before, resourceVersion)',
    'resourceVersion',
  ),
  runtime(
    'list-watch',
    'a quiet watch that is reset makes the pauses longer',
    "lasted && (course.heard || end.kind !== 'error')",
    "lasted && end.kind !== 'error'",
  ),
  runtime(
    'list-watch',
    'a connection that nobody answers counts as recovered',
    "lasted && (course.heard || end.kind !== 'error')",
    'lasted',
  ),
  runtime('list-watch', 'a watch ahead of the server is asked for again', ' || code === 504', ''),
  runtime(
    'list-watch',
    'an expired continue token fails the list',
    'query.continue === undefined ||',
    'query.limit ||',
  ),
  runtime(
    'list-watch',
    'a list is told after the stop',
    '      signal.throwIfAborted();\n      // Page by page',
    '      // Page by page',
  ),
  runtime(
    'store',
    'an older version wins',
    'if (compareResourceVersions(version, known) <= 0)',
    'if (version === known)',
  ),
  runtime(
    'store',
    'a deletion of our own is not remembered',
    'if (grave?.uid === object.metadata.uid) return false;',
    '',
  ),
  runtime('store', 'a deletion of our own is remembered for ever', 'listed.get(key) !== uid &&', 'false &&'),
  runtime(
    'store',
    'a list takes away what is newer than itself',
    'object.metadata.resourceVersion, listResourceVersion) > 0) continue',
    'object.metadata.resourceVersion, listResourceVersion) > 1e9) continue',
  ),
  runtime(
    'store',
    'an old list raises the dead',
    "this.#seen) >= 0 ? '0' : this.#seen",
    "this.#seen) >= 0 ? '0' : '0'",
  ),
  {
    name: 'a renewed token is not read after a 401',
    file: 'src/kube/transport.ts',
    from: '...toHeaders(options), ...(await this.#fileToken())',
    to: '...toHeaders(options)',
  },
];
