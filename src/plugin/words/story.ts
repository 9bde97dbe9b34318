import { findCondition } from '../../api/conditions.ts';
import type { Condition, DebugSession, PodBefore, Run } from '../../api/debugsession.ts';
import { fromTimestamp } from '../../api/time.ts';
import { oneLine } from '../../text/one-line.ts';
import { attacherWords } from './attacher.ts';
import { counted } from './counted.ts';
import { runLength } from './ending.ts';
import { lengthOfTime } from './length-of-time.ts';
import { newestRun, standingOf } from './standing.ts';

/** The pod of the newest run as it is now: what a story says of the time after. */
export interface PodNow {
  metadata: { uid: string; deletionTimestamp?: string };
  status?: {
    phase?: string;
    conditions?: { type: string; status: string }[];
    containerStatuses?: { name: string; restartCount?: number }[];
  };
}

/** `gone`: there is no such pod any more, or another of its name. */
export type After = { kind: 'pod'; pod: PodNow } | { kind: 'gone' } | { kind: 'unknown' };

const MAX = 1_100;
const LABEL = 10;

/**
 * A session as a story for people: what was asked for, then each attempt, then what can be done now. Lines are
 * printable.
 */
export function story(session: DebugSession, { now, after }: { now: number; after: After }): string[] {
  const { metadata, spec, status } = session;
  const runs = status?.runs ?? [];
  const lines = [
    `Session ${metadata.name} in namespace ${metadata.namespace}: ${status?.phase ?? 'Pending'}`,
    ...(runs.length === 0 ? asked(session) : runs.flatMap((run) => attempt(run, runs.length))),
  ];
  const last = newestRun(session);
  if (last?.podUID !== undefined) lines.push(...line('pod now', podNow(last, after)));
  if (runs.length > 0 && spec.attempt > (last?.attempt ?? 0))
    lines.push(...line('next', `attempt ${spec.attempt} is asked for`));
  lines.push(...standingLines(session, now), ...line('certain', certainty(session)), ...wayOn(session, now));
  return lines;
}

function line(label: string, text: string | undefined): string[] {
  if (text === undefined || text === '') return [];
  return [`  ${label.padEnd(LABEL)}${oneLine(text, MAX)}`];
}

/** Before there is a run. */
function asked({ metadata, spec }: DebugSession): string[] {
  const { target, requestedBy, justification } = spec;
  const where =
    target.podName === undefined ? `${target.workloadRef?.kind} ${target.workloadRef?.name}` : `pod ${target.podName}`;
  return [
    ...line(
      'asked',
      `${time(metadata.creationTimestamp)}, by ${requestedBy?.username ?? 'somebody'}${because(justification)}`,
    ),
    ...line('where', `${where}${target.containerName === undefined ? '' : `, container ${target.containerName}`}`),
    ...line('what', `${spec.image}${spec.command === undefined ? '' : `: ${spec.command.join(' ')}`}`),
  ];
}

function attempt(run: Run, count: number): string[] {
  const { effective } = run;
  return [
    ...(count > 1 ? [` Attempt ${run.attempt}`] : []),
    ...line(
      'asked',
      `${time(run.intendedAt ?? run.finishedAt)}, by ${run.requestedBy?.username ?? 'somebody'}${because(run.justification)}`,
    ),
    ...line('where', where(run)),
    ...line('what', what(run)),
    ...line('allowed', allowed(run)),
    ...line('approved', approved(run)),
    ...line('before', run.before === undefined ? undefined : podBefore(run.before)),
    ...line(
      'started',
      run.startedAt === undefined
        ? undefined
        : `${time(run.startedAt)}${effective === undefined ? '' : `, for ${effective.ttl}`}`,
    ),
    ...line('ended', ended(run)),
    ...line('memory', memory(run)),
    ...line(
      'again',
      run.ranAgain === undefined ? undefined : `the kubelet ran it again, seen at ${time(run.ranAgain.seenAt)}`,
    ),
  ];
}

/** Rounded up: a few KiB are not nothing. */
function memory({ peakMemory }: Run): string | undefined {
  if (peakMemory === undefined) return undefined;
  const { bytes, samples } = peakMemory;
  return `${Math.ceil(bytes / 2 ** 20)} MiB in the highest of ${counted(samples, 'sample')}`;
}

function where({ podName, nodeName, debugContainerName }: Run): string | undefined {
  if (podName === undefined) return undefined;
  const node = nodeName === undefined ? '' : ` on node ${nodeName}`;
  return `pod ${podName}${node}${debugContainerName === undefined ? '' : `, as container ${debugContainerName}`}`;
}

function what({ image, imageID, commandLine, effective }: Run): string | undefined {
  if (image === undefined) return undefined;
  const digest = imageID === undefined ? '' : ` (${imageID.replace(/^.*@/, '')})`;
  const profile = effective === undefined ? '' : `, profile ${effective.profile}`;
  return `${image}${digest}${profile}${commandLine === undefined ? '' : `: ${commandLine}`}`;
}

function allowed({ policyName, allowances = [], attachers = [] }: Run): string | undefined {
  if (policyName === undefined) return undefined;
  const needed = allowances.length === 0 ? '' : `, with ${allowances.join(', ')}`;
  const others = attachers.map(attacherWords).join(', ');
  return `by policy ${policyName}${needed}${others === '' ? '' : `; may come in as well: ${others}`}`;
}

function approved({ approvedBy, approvalExempt }: Run): string | undefined {
  if (approvalExempt === true) return 'by nobody: the policy exempts the requester';
  return approvedBy?.map(({ username, at, reason }) => `${time(at)}, by ${username}${because(reason)}`).join('; ');
}

function podBefore({
  phase,
  ready,
  containerName,
  restartCount,
  state,
  reason,
  exitCode,
  lastTermination,
}: PodBefore): string {
  const parts = [
    `pod ${phase}${ready ? '' : ', not ready'}`,
    containerName === undefined ? '' : `container ${containerName} ${[state, reason].filter(Boolean).join(' ')}`,
    exitCode === undefined ? '' : `exit code ${exitCode}`,
    restartCount === undefined ? '' : `${restartCount} restarts`,
    lastTermination === undefined
      ? ''
      : `last ended with exit code ${lastTermination.exitCode}${lastTermination.reason === undefined ? '' : ` (${lastTermination.reason})`}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function ended(run: Run): string | undefined {
  if (run.finishedAt === undefined) return undefined;
  const ran = runLength(run);
  const message = run.message ?? run.reason ?? '';
  const code = run.exitCode === undefined || message.includes('exit code') ? '' : `, exit code ${run.exitCode}`;
  const how = `${run.state === 'Failed' ? 'failed: ' : ''}${message}${code}`;
  return `${time(run.finishedAt)}${ran === undefined ? '' : `, after ${ran}`}: ${how}`;
}

function podNow(run: Run, after: After): string | undefined {
  if (after.kind === 'unknown') return undefined;
  if (after.kind === 'gone' || after.pod.metadata.uid !== run.podUID) return 'gone';
  return podState(run, after.pod);
}

function podState(run: Run, { metadata, status }: PodNow): string {
  const isReady = status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true;
  const restarts = status?.containerStatuses?.find(({ name }) => name === run.before?.containerName)?.restartCount;
  const parts = [
    metadata.deletionTimestamp === undefined ? (status?.phase ?? 'unknown') : 'is being deleted',
    isReady ? 'ready' : 'not ready',
    ...(restarts === undefined ? [] : [`container ${run.before?.containerName} has ${restarts} restarts`]),
  ];
  return parts.join(', ');
}

function standingLines(session: DebugSession, now: number): string[] {
  const standing = standingOf(session, now);
  if (standing.kind === 'waiting' || standing.kind === 'ending') return line('now', standing.words);
  if (standing.kind === 'over') return [];
  const end = fromTimestamp(standing.run.expiresAt);
  return line(
    'now',
    end === undefined
      ? 'it runs'
      : `it runs until ${time(standing.run.expiresAt)}, ${lengthOfTime(end - now)} from now`,
  );
}

function certainty({ status }: DebugSession): string | undefined {
  const confirmed: Condition | undefined = findCondition(status?.conditions, 'StopConfirmed');
  if (confirmed === undefined) return undefined;
  const words = { True: 'yes, nothing of it runs', False: 'no, it has not ended', Unknown: 'not known' };
  return `${words[confirmed.status]}: ${confirmed.message}`;
}

/** Commands to copy. */
function wayOn({ metadata, status }: DebugSession, now: number): string[] {
  const at = `${metadata.name} -n ${metadata.namespace}`;
  const standing = standingOf({ metadata, status } as DebugSession, now);
  if (standing.kind === 'over') return [`  kubectl dbg again ${at}`];
  if (standing.kind !== 'running') return [`  kubectl dbg end ${at}`];
  return [`  kubectl dbg attach ${at}`, `  kubectl dbg end ${at}`];
}

function because(justification: string | undefined): string {
  return justification === undefined ? '' : `: ${justification}`;
}

/** A moment with its day, as the clocks of this place show it. */
function time(timestamp: string | undefined): string {
  const ms = fromTimestamp(timestamp);
  if (ms === undefined) return timestamp ?? 'at an unknown time';
  const local = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace('T', ' ');
}
