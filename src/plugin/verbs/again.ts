import type { DebugSession } from '../../api/debugsession.ts';
import { changeOf } from '../change-session.ts';
import { askFor } from '../create-session.ts';
import type { Desk } from '../desk.ts';
import { mustBeKept } from '../dropped-fields.ts';
import { Fault, UsageFault } from '../fault.ts';
import { seeThrough } from '../see-through.ts';
import { readSessionOptions, type SessionOptions } from '../session-options.ts';
import { findSession } from '../sessions.ts';
import { type AddVerb, deskOf } from '../verb.ts';
import { standingOf } from '../words/standing.ts';

export interface AgainOptions extends Pick<SessionOptions, 'image' | 'ttl' | 'reason' | 'tty' | 'command'> {
  detach?: boolean;
}

/**
 * Starts another attempt of a session that is over, changed where the flags say so, and sees it through.
 * @returns the exit code
 * @throws Fault
 */
export async function again(desk: Desk, name: string, options: AgainOptions): Promise<number> {
  const { spec, faults } = readSessionOptions(options);
  if (faults.length > 0) throw new UsageFault(faults);
  const session = await findSession(desk.kubectl, name);
  if (standingOf(session, desk.now()).kind !== 'over') {
    throw new Fault(
      `session ${name} is not over (${session.status?.phase ?? 'Pending'}): kubectl dbg attach ${name} comes into it, kubectl dbg end ${name} ends it`,
    );
  }
  const attempt = nextAttempt(session);
  const plain = options.command === undefined ? {} : { args: null, stdin: null, tty: null };
  const cancel = session.spec.cancel === true ? { cancel: null } : {};
  const changed = await askFor(desk.kubectl, (more) => {
    const args = changeOf(session.metadata, { ...plain, ...spec, ...cancel, ...more, attempt });
    return desk.kubectl.call([...args, '--output=json'], { isWrite: true });
  });
  mustBeKept(spec, changed.spec);
  desk.progress.say(`Session ${name}, attempt ${attempt}: ${changed.spec.image}`);
  if (options.detach !== true) return seeThrough(desk, changed);
  desk.stdout.write(`${name}\n`);
  return 0;
}

/** The first number that has not started. */
function nextAttempt({ spec, status }: DebugSession): number {
  return Math.max(spec.attempt, status?.attempt ?? 0) + 1;
}

export const addAgain: AddVerb = (root, invocation) => {
  root
    .command('again')
    .description('start another attempt of a session that is over; the record of the one before stays')
    .usage('SESSION [flags] [-- COMMAND...]')
    .argument('<SESSION>', 'name of the session')
    .option('-i, --image <IMAGE>', 'with another image')
    .option('--ttl <TIME>', 'with another time')
    .option('-r, --reason <TEXT>', 'for another reason')
    .option('-t, --tty', 'give the command after -- a terminal, and attach to it')
    .option('-d, --detach', 'do not wait')
    .action(async (name: string, options: AgainOptions) => {
      const { command } = invocation;
      invocation.done(await again(deskOf(root, invocation), name, { ...options, ...(command && { command }) }));
    });
};
