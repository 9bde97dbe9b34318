import type { Approver, Decision } from '../../api/debugapproval.ts';
import type { DebugSession, Requester } from '../../api/debugsession.ts';
import { oneLine } from '../../text/one-line.ts';
import { askFirst } from '../ask.ts';
import { STRICT, whoAmI } from '../create-session.ts';
import type { Desk } from '../desk.ts';
import { Fault } from '../fault.ts';
import type { Kubectl } from '../kubectl.ts';
import { type OutputFormat, printObject } from '../print-objects.ts';
import { findSession } from '../sessions.ts';
import { standingOf } from '../words/standing.ts';
import { type ApprovalManifest, approvalManifest } from './manifest.ts';
import { requestLines } from './request-lines.ts';

export interface DecideOptions {
  reason?: string;
  /** The person has seen what is asked for, and is not asked again. */
  yes?: boolean;
  /** Print the approval for Git, and create nothing. */
  output?: Exclude<OutputFormat, 'name'>;
}

/** What config/admission says where no policy fills in who approves (before Kubernetes 1.36). */
const MUST_SAY_WHO = /spec\.approvedBy must be who approves/;

/**
 * Shows what a session asks for, and approves or denies exactly that. On a terminal the person is asked before.
 * @returns the exit code: 1 where they said no
 * @throws Fault with the words of the server, or because it is a session of their own
 */
export async function decide(
  desk: Desk,
  name: string,
  { decision, ...options }: DecideOptions & { decision: Decision },
): Promise<number> {
  const { kubectl, stdin, stdout, stderr } = desk;
  const [session, me] = await Promise.all([findSession(kubectl, name), whoAmI(kubectl)]);
  refuse(session, { me, decision, now: desk.now() });
  const isForGit = options.output !== undefined;
  const manifest = approvalManifest(session, { decision, me, reason: options.reason, isForGit });
  if (options.output !== undefined) {
    await printObject(stdout, manifest, options.output);
    return 0;
  }
  for (const line of requestLines(session)) stderr.write(`${line}\n`);
  const isAsked = options.yes !== true && stdin.isTTY === true && stderr.isTTY === true;
  if (isAsked && !(await askFirst(desk, `${decision} this?`))) return 1;
  await create(kubectl, manifest, me);
  stdout.write(`${wordsOf(session, decision)}\n`);
  return 0;
}

/** @throws Fault where the decision would count for nothing */
function refuse(session: DebugSession, about: { me: Requester; decision: Decision; now: number }): void {
  const { me, decision, now } = about;
  const { metadata, spec, status } = session;
  const name = oneLine(metadata.name);
  if (isSame(me, spec.requestedBy))
    throw new Fault(`you asked for session ${name} yourself: another person has to ${decision.toLowerCase()} it`);
  const standing = standingOf(session, now);
  if (standing.kind === 'over') throw new Fault(`session ${name} is over (${status?.phase}): nothing waits for you`);
  if (decision === 'Approve' && (standing.kind !== 'waiting' || waitsForOther(session)))
    throw new Fault(`session ${name} waits for no approval: kubectl dbg show ${name} tells where it stands`);
}

/** The operator has looked at it, and waits for something else, or for nothing. */
function waitsForOther({ metadata, status }: DebugSession): boolean {
  return status?.observedGeneration === metadata.generation && status?.approval === undefined;
}

function isSame(me: Pick<Approver, 'username' | 'uid'>, other: Requester | undefined): boolean {
  return me.username === other?.username || (me.uid !== undefined && me.uid !== '' && me.uid === other?.uid);
}

async function create(kubectl: Kubectl, manifest: ApprovalManifest, me: Requester): Promise<void> {
  const send = (spec: object): ReturnType<Kubectl['call']> =>
    kubectl.call(['create', STRICT, `--namespace=${manifest.metadata.namespace}`, '--output=name'], {
      manifest: { ...manifest, spec },
      isWrite: true,
    });
  let answer = await send(manifest.spec);
  if (answer.kind === 'refused' && answer.refusal.lines.some((line) => MUST_SAY_WHO.test(line)))
    answer = await send({ ...manifest.spec, approvedBy: me });
  if (answer.kind === 'done') return;
  throw new Fault(answer.refusal.kind === 'AlreadyExists' ? 'you have decided so already' : answer.refusal.lines);
}

function wordsOf({ metadata, spec, status }: DebugSession, decision: Decision): string {
  const who = oneLine(spec.requestedBy?.username ?? 'somebody', 100);
  const what = `attempt ${spec.attempt} of session ${oneLine(metadata.name)}, which ${who} asked for`;
  if (decision === 'Deny') return `Denied ${what}. It does not start any more.`;
  const { required = 1, given = 0 } = status?.approval ?? {};
  const more = required - given - 1;
  return `Approved ${what}.${more > 0 ? ` ${more === 1 ? 'Another person has' : `${more} more people have`} to approve it too.` : ''}`;
}
