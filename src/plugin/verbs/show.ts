import { Option } from 'commander';
import type { DebugSession } from '../../api/debugsession.ts';
import type { Desk } from '../desk.ts';
import type { Kubectl } from '../kubectl.ts';
import { type OutputFormat, printObject } from '../print-objects.ts';
import { findSession } from '../sessions.ts';
import { type AddVerb, deskOf, refuseCommand } from '../verb.ts';
import { newestRun } from '../words/standing.ts';
import { type After, type PodNow, story } from '../words/story.ts';

/** Tells one session as a story, or prints it for programs. @returns the exit code @throws Fault */
export async function show(desk: Desk, name: string, { output }: { output?: OutputFormat }): Promise<number> {
  const { kubectl, stdout } = desk;
  const session = await findSession(kubectl, name);
  if (output !== undefined) {
    await printObject(stdout, session, output);
    return 0;
  }
  const lines = story(session, { now: desk.now(), after: await lookAfter(kubectl, session) });
  stdout.write(lines.map((line) => `${line}\n`).join(''));
  return 0;
}

/** The pod of the newest run as it is now. */
async function lookAfter(kubectl: Kubectl, session: DebugSession): Promise<After> {
  const podName = newestRun(session)?.podName;
  if (podName === undefined) return { kind: 'unknown' };
  const answer = await kubectl.call([
    'get',
    'pods',
    podName,
    `--namespace=${session.metadata.namespace}`,
    '--output=json',
  ]);
  if (answer.kind === 'done') return { kind: 'pod', pod: JSON.parse(answer.stdout) as PodNow };
  return { kind: answer.refusal.kind === 'NotFound' ? 'gone' : 'unknown' };
}

export const addShow: AddVerb = (root, invocation) => {
  root
    .command('show')
    .description('tell about one session: who asked, for what, why, and how it ended')
    .argument('<SESSION>', 'name of the session')
    .addOption(new Option('-o, --output <FORMAT>', 'for programs').choices(['yaml', 'json', 'name']))
    .action(async (name: string, options: { output?: OutputFormat }) => {
      refuseCommand('show', invocation);
      invocation.done(await show(deskOf(root, invocation), name, options));
    });
};
