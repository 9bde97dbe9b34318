import type { AuditFact, EndReported, Injected, PodDeleted, RunReported, SessionWritten, UseAsked } from './facts.ts';

/** Something happened that must never happen, with the few requests that show it. */
export interface BrokenPromise {
  promise: string;
  /** `namespace/name` of the session or pod. */
  object: string;
  /** One line for each request, in the order of time. */
  history: string[];
  /** When the last of these requests was answered (RFC 3339). */
  last: string;
}

/** What is known of one session, in the order of time. */
interface Life {
  writes: SessionWritten[];
  injections: Injected[];
}

interface Log {
  lives: Map<string, Life>;
  ends: EndReported[];
  runs: RunReported[];
  podDeletions: PodDeleted[];
  reviews: UseAsked[];
}

type Promised = (life: Life, log: Log) => BrokenPromise[];

const OVER = ['Completed', 'Expired', 'Cancelled', 'Failed'];
/** The order in which an attempt passes its phases. */
const ORDER = ['', 'Pending', 'Starting', 'Running', 'Ending'];

/**
 * The broken promises in a part of an audit log.
 *
 * @param facts in any order: the log has them by the time of the answer
 */
export function check(facts: Iterable<AuditFact>): BrokenPromise[] {
  const log: Log = { lives: new Map(), ends: [], runs: [], podDeletions: [], reviews: [] };
  for (const fact of [...facts].sort((a, b) => (a.answered < b.answered ? -1 : 1))) {
    if (fact.kind === 'end') log.ends.push(fact);
    else if (fact.kind === 'running') log.runs.push(fact);
    else if (fact.kind === 'podDeleted') log.podDeletions.push(fact);
    else if (fact.kind === 'review') log.reviews.push(fact);
    else if (fact.kind === 'session') lifeOf(log, fact.uid).writes.push(fact);
    // What others put into pods with their own rights is no promise of the operator.
    else if (fact.isOperator) lifeOf(log, fact.session).injections.push(fact);
  }
  const broken: BrokenPromise[] = [];
  for (const life of log.lives.values()) {
    // Someone with the right to write the status, or another operator, has had a hand in it: that is one thing to
    // report, and what follows from it is not the operator's.
    const foreign = statusOfOthers(life);
    broken.push(...(foreign.length > 0 ? foreign : PROMISES.flatMap((promise) => promise(life, log))));
  }
  return broken;
}

function lifeOf({ lives }: Log, uid: string): Life {
  const life = lives.get(uid) ?? { writes: [], injections: [] };
  lives.set(uid, life);
  return life;
}

function statusOfOthers({ writes }: Life): BrokenPromise[] {
  const foreign = writes.find(({ isStatus, isCertain, isOperator }) => isStatus && isCertain && !isOperator);
  return foreign === undefined ? [] : [report('Only the operator writes the status of a session', [foreign])];
}

/** S1, S3: at most one container, in one pod, for each attempt. */
const oneContainer: Promised = ({ injections }) => {
  const broken: BrokenPromise[] = [];
  for (const injection of injections) {
    const first = injections.find(({ attempt }) => attempt === injection.attempt) ?? injection;
    if (first.container !== injection.container || first.podUID !== injection.podUID)
      broken.push(report('An attempt has at most one container, in one pod', [first, injection]));
  }
  return broken;
};

/** S1, S3: the intent stands in the status of a session in that namespace before the injection. */
const intentFirst: Promised = ({ writes, injections }) =>
  injections.flatMap((injection) => {
    const told = writes.filter(
      ({ isStatus, runs, object }) =>
        isStatus && namespaceOf(object) === namespaceOf(injection.object) && runs.some((run) => isOf(injection, run)),
    );
    if (told.some((write) => isBefore(write, injection))) return [];
    const history = told[0] === undefined ? [injection] : [injection, told[0]];
    return [report('The operator writes the intent of an attempt before its injection', history)];
  });

/** It was asked for before, and stored before where the log says so. */
function isBefore({ asked, isCertain, version }: SessionWritten, injection: Injected): boolean {
  return asked <= injection.asked && !(isCertain && injection.version !== undefined && version >= injection.version);
}

/** S4: what the operator was told before it injected forbade it. */
const nothingAfterTheEnd: Promised = ({ writes, injections }) =>
  firstOfEach(injections).flatMap((injection) => {
    // Only an answer to the operator itself: an edit by others may be on its way to it.
    const known = writes.find(
      ({ isOperator, answered, isCertain, ...write }) =>
        isCertain && isOperator && answered <= injection.asked && isForbidden(write, injection),
    );
    if (known === undefined) return [];
    return [report('The operator injects nothing after it knew of the end', [known, injection])];
  });

function isForbidden(
  write: Pick<SessionWritten, 'isCancelled' | 'isDeleted' | 'phase' | 'attempt'>,
  to: Injected,
): boolean {
  return write.attempt === to.attempt && (write.isCancelled || write.isDeleted || OVER.includes(write.phase));
}

/** S5: an attempt goes forward only, attempts too. */
const onlyForward: Promised = ({ writes }) => {
  const inOrder = writes
    .filter(({ isStatus, isCertain }) => isStatus && isCertain)
    .sort((a, b) => a.version - b.version);
  return inOrder.flatMap((write, index) => {
    const before = inOrder[index - 1];
    if (before === undefined || isForward(before, write)) return [];
    return [report('The phase goes forward only within an attempt, and attempts go up', [before, write])];
  });
};

function isForward(before: SessionWritten, after: SessionWritten): boolean {
  if (after.attempt !== before.attempt) return after.attempt > before.attempt;
  if (after.phase === before.phase) return true;
  // A session that is over waits again as soon as a new attempt is asked for, before that has a run.
  if (OVER.includes(before.phase)) return after.phase === 'Pending';
  return OVER.includes(after.phase) || ORDER.indexOf(after.phase) > ORDER.indexOf(before.phase);
}

/** S6: only the kubelet says that a container has ended. */
const endIsReported: Promised = ({ writes, injections }, { ends }) => {
  const claims = writes.filter(
    ({ isStatus, isCertain, stopConfirmed }) => isStatus && isCertain && stopConfirmed === 'True',
  );
  for (const injection of firstOfEach(injections)) {
    const claim = claims.find(({ attempt, asked }) => attempt === injection.attempt && asked >= injection.answered);
    if (claim === undefined) continue;
    if (!isReportedBefore(claim, ends, injection))
      return [report('StopConfirmed becomes True only after the kubelet reported the end', [injection, claim])];
  }
  return [];
};

/** One of these reports is about the container of the injection, and older than the answer to the write. */
function isReportedBefore(
  write: SessionWritten,
  reports: readonly (EndReported | RunReported)[],
  injection: Injected,
): boolean {
  return reports.some(
    ({ object, container, asked }) =>
      object === injection.object && container === injection.container && asked <= write.answered,
  );
}

/**
 * S6: a deleted session stays for as long as its container runs. A container ends with its pod, and of that end nobody
 * has to report. What a person takes away by hand is no promise of the operator.
 */
const goesAfterTheEnd: Promised = ({ writes, injections }, { ends, runs, podDeletions }) => {
  const gone = writes.find(({ isOperator, isCertain, isGone }) => isOperator && isCertain && isGone);
  if (gone === undefined) return [];
  for (const injection of firstOfEach(injections)) {
    const namespace = namespaceOf(injection.object);
    const isLost = podDeletions.some(
      ({ object, asked }) => asked <= gone.answered && [injection.object, `${namespace}/`].includes(object),
    );
    if (isLost || !isReportedBefore(gone, runs, injection)) continue;
    if (!isReportedBefore(gone, ends, injection))
      return [
        report('A deleted session goes only after the kubelet reported the end of its container', [injection, gone]),
      ];
  }
  return [];
};

/** The right of the requester is looked at before anything runs in their name. */
const useIsAsked: Promised = ({ writes, injections }, { reviews }) =>
  firstOfEach(injections).flatMap((injection) => {
    const requester = writes.findLast(
      ({ requestedBy, wantedAttempt, asked }) =>
        requestedBy !== undefined && wantedAttempt === injection.attempt && asked <= injection.asked,
    )?.requestedBy;
    if (requester === undefined) return [];
    const { username } = JSON.parse(requester) as { username?: string };
    const namespace = namespaceOf(injection.object);
    const isAsked = reviews.some(
      (review) =>
        review.isOperator &&
        review.person === username &&
        review.namespace === namespace &&
        review.asked <= injection.asked,
    );
    if (isAsked) return [];
    return [report('The operator asks whether the requester may use the policy before it injects', [injection])];
  });

/** The requester changes only with the attempt: to the person who has changed that. */
const sameRequester: Promised = ({ writes }) => {
  const named = writes
    .filter(({ requestedBy, isCertain }) => isCertain && requestedBy !== undefined)
    .sort((a, b) => a.version - b.version);
  return named.flatMap((write, index) => {
    const before = named[index - 1];
    if (before?.wantedAttempt !== write.wantedAttempt || before.requestedBy === write.requestedBy) return [];
    return [report('The requester of an attempt never changes', [before, write])];
  });
};

const PROMISES: readonly Promised[] = [
  oneContainer,
  intentFirst,
  nothingAfterTheEnd,
  onlyForward,
  endIsReported,
  goesAfterTheEnd,
  useIsAsked,
  sameRequester,
];

/** The operator repeats an injection whose answer it has not heard: the first one counts. */
function firstOfEach(injections: readonly Injected[]): Injected[] {
  return injections.filter(
    (injection, index) => injections.findIndex(({ attempt }) => attempt === injection.attempt) === index,
  );
}

function namespaceOf(object: string): string {
  return object.split('/')[0] ?? '';
}

function isOf(injection: Injected, run: SessionWritten['runs'][number]): boolean {
  return (
    run.attempt === injection.attempt &&
    run.podUID === injection.podUID &&
    run.debugContainerName === injection.container
  );
}

function report(promise: string, facts: readonly (SessionWritten | Injected)[]): BrokenPromise {
  return {
    promise,
    object: facts[0]?.object ?? '',
    history: facts.map(line),
    last: facts.at(-1)?.answered ?? '',
  };
}

function line(fact: SessionWritten | Injected): string {
  const head = `${fact.answered} ${fact.user}`;
  if (fact.kind === 'injection')
    return `${head} injects ${fact.container} for attempt ${fact.attempt} into ${fact.object} (uid ${fact.podUID})`;
  const what = fact.isStatus ? 'writes the status' : 'writes';
  const said = [
    `attempt ${fact.attempt}`,
    `phase ${fact.phase === '' ? 'none' : fact.phase}`,
    fact.stopConfirmed === undefined ? '' : `StopConfirmed ${fact.stopConfirmed}`,
    fact.isCancelled ? 'cancelled' : '',
    fact.isGone ? 'gone' : fact.isDeleted ? 'being deleted' : '',
  ];
  return `${head} ${what} of ${fact.object}: ${said.filter(Boolean).join(', ')}`;
}
