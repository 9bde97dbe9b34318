import { Option } from 'commander';
import { findCondition } from '../../api/conditions.ts';
import type { DebugSession, Requester } from '../../api/debugsession.ts';
import { TERMINAL_PHASES } from '../../api/reasons.ts';
import { nameOfTarget } from '../../api/target-name.ts';
import { fromTimestamp } from '../../api/time.ts';
import { whoAmI } from '../create-session.ts';
import type { Desk } from '../desk.ts';
import { printObjects } from '../print-objects.ts';
import { SESSIONS } from '../sessions.ts';
import { table } from '../table.ts';
import { type AddVerb, deskOf, refuseCommand } from '../verb.ts';
import { widthOf } from '../width-of.ts';
import { lengthOfTime } from '../words/length-of-time.ts';
import { newestRun } from '../words/standing.ts';

export interface LsOptions {
  allNamespaces?: boolean;
  allUsers?: boolean;
  pod?: string;
  live?: boolean;
  /** That wait for approvals, of everybody: for those who may give one. */
  waiting?: boolean;
  output?: 'json' | 'yaml' | 'name';
}

/** Lists sessions, newest first. @returns the exit code */
export async function ls(desk: Desk, typed: LsOptions): Promise<number> {
  const options = typed.waiting === true ? { ...typed, allUsers: true } : typed;
  const { kubectl, stdout, stderr } = desk;
  const where = options.allNamespaces === true ? ['--all-namespaces'] : [];
  const [{ items }, me] = await Promise.all([
    kubectl.json<{ items: DebugSession[] }>(['get', SESSIONS, ...where]),
    options.allUsers === true ? undefined : whoAmI(kubectl),
  ]);
  const found = items
    .filter((session) => !isOfOthers(session, me))
    .filter((session) => options.live !== true || isLive(session))
    .filter((session) => options.waiting !== true || session.status?.approval !== undefined)
    .filter((session) => options.pod === undefined || podOf(session) === options.pod)
    .sort((one, other) => createdAt(other) - createdAt(one));
  if (options.output !== undefined) await printObjects(stdout, found, options.output);
  else if (found.length === 0) stderr.write(`${nothing(items.filter((one) => isOfOthers(one, me)).length, options)}\n`);
  else stdout.write(sessionTable(found, options, { now: desk.now(), width: widthOf(stdout) }));
  return 0;
}

/** @param me undefined: nobody in particular asks */
function isOfOthers({ spec }: DebugSession, me: Requester | undefined): boolean {
  return me !== undefined && spec.requestedBy?.username !== me.username;
}

/** @param others sessions of other users in the same place */
function nothing(others: number, { allNamespaces, allUsers, pod, live, waiting }: LsOptions): string {
  const where = allNamespaces === true ? 'in any namespace' : 'in this namespace';
  const whose = allUsers === true ? '' : ' of yours';
  const isFiltered = pod !== undefined || live === true || waiting === true;
  const hidden = others === 0 ? '' : `; --all-users also looks at the ${others} of other users`;
  return `No session${whose} ${where}${isFiltered ? ' is of that kind' : ''}${hidden}`;
}

/** The table that people read. */
export function sessionTable(
  sessions: readonly DebugSession[],
  { allNamespaces, allUsers }: LsOptions,
  { now, width }: { now: number; width?: number | undefined },
): string {
  const header = [
    ...(allNamespaces === true ? ['NAMESPACE'] : []),
    ...['NAME', 'POD', 'PHASE', 'REASON', 'LEFT', 'EXIT', 'AGE'],
    ...(allUsers === true ? ['USER'] : []),
    'JUSTIFICATION',
  ];
  const rows = sessions.map((session) => [
    ...(allNamespaces === true ? [session.metadata.namespace] : []),
    session.metadata.name,
    targetOf(session),
    session.status?.phase ?? 'Pending',
    session.status?.reason ?? '-',
    left(session, now),
    String(session.status?.exitCode ?? '-'),
    lengthOfTime(now - createdAt(session)),
    ...(allUsers === true ? [session.spec.requestedBy?.username ?? '-'] : []),
    session.spec.justification ?? '',
  ]);
  return table(header, rows, width);
}

/** As `kubectl get` has it, and of a session that no operator has seen. */
function targetOf({ spec, status }: DebugSession): string {
  return status?.target ?? (nameOfTarget(spec.target) || '-');
}

function podOf({ spec, status }: DebugSession): string {
  return status?.podName ?? spec.target.podName ?? '';
}

/** Not over, or with a container that may still run or start: such a session counts for the limits of its policy. */
export function isLive({ status }: DebugSession): boolean {
  if (status?.phase === undefined || !TERMINAL_PHASES.includes(status.phase)) return true;
  const confirmed = findCondition(status.conditions, 'StopConfirmed');
  return confirmed !== undefined && confirmed.status !== 'True';
}

function createdAt({ metadata }: DebugSession): number {
  return fromTimestamp(metadata.creationTimestamp) ?? 0;
}

function left(session: DebugSession, now: number): string {
  const end = fromTimestamp(newestRun(session)?.expiresAt);
  return session.status?.phase === 'Running' && end !== undefined ? lengthOfTime(end - now) : '-';
}

export const addLs: AddVerb = (root, invocation) => {
  root
    .command('ls')
    .alias('list')
    .description('list sessions: yours, in this namespace')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('-u, --all-users', 'of everybody')
    .option('--pod <NAME>', 'in this pod only')
    .option('-l, --live', 'only sessions that are not over for certain')
    .option('-w, --waiting', 'only sessions that wait for an approval, of all users')
    .addOption(new Option('-o, --output <FORMAT>', 'for programs').choices(['json', 'yaml', 'name']))
    .action(async (options: LsOptions) => {
      refuseCommand('ls', invocation);
      invocation.done(await ls(deskOf(root, invocation), options));
    });
};
