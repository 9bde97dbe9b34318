import { type Command, Option } from 'commander';
import type { DebugSession, Requester } from '../../api/debugsession.ts';
import { findCondition } from '../../api/conditions.ts';
import { type Composed, type Manifest, manifestOf, type StartOptions } from '../compose.ts';
import { askFor, creationPath, STRICT } from '../create-session.ts';
import type { Desk } from '../desk.ts';
import { refuseExtraWords } from '../extra-words.ts';
import { Fault, UsageFault } from '../fault.ts';
import type { Judged } from '../judge.ts';
import type { Kubectl } from '../kubectl.ts';
import { printObject } from '../print-objects.ts';
import { deniedReasons } from '../refusal-words.ts';
import { removeSession } from '../remove-session.ts';
import { seeThrough } from '../see-through.ts';
import { addSessionFlags, startOptions } from '../start-flags.ts';
import { targetName } from '../target-reference.ts';
import { type AddVerb, deskOf } from '../verb.ts';

/** Starts a session and sees it through. @returns the exit code @throws Fault */
export async function start(desk: Desk, options: StartOptions): Promise<number> {
  const composed = await manifestOf(desk, options);
  checkTerminal(desk, options);
  const { manifest } = composed;
  if (options.dryRun === 'client') {
    await printObject(desk.stdout, manifest, options.output ?? 'yaml');
    return 0;
  }
  const session = await ask(desk, composed, options.dryRun === 'server');
  if (options.dryRun === 'server' || options.output !== undefined) {
    await printObject(desk.stdout, session, options.output ?? 'yaml');
    return 0;
  }
  desk.progress.say(askedLine(session));
  if (options.detach === true) {
    desk.stdout.write(`${session.metadata.name}\n`);
    return 0;
  }
  const exitCode = await seeThrough(desk, session, {
    isKept: options.rm !== true,
    onOver: (over) => sayWayOut(desk, over),
  });
  if (options.rm === true) await removeSession(desk, session.metadata);
  return exitCode;
}

/** Writes the session. @throws Fault; where its policy refuses it, with the policies that would not */
async function ask({ kubectl }: Desk, { manifest, namespace }: Composed, isDryRun: boolean): Promise<DebugSession> {
  const args = ['create', STRICT, ...(isDryRun ? ['--dry-run=server'] : []), '--output=json'];
  try {
    return await askFor(kubectl, (more) => {
      const whole = withRequester(manifest, more);
      if (isDryRun || namespace === undefined) return kubectl.call(args, { manifest: whole, isWrite: true });
      return kubectl.create(creationPath(namespace), whole);
    });
  } catch (error) {
    if (!(error instanceof Fault) || deniedReasons(error.lines) === undefined) throw error;
    const { placed } = await import('../judge.ts');
    throw new Fault([...error.lines, ...(await waysOut(kubectl, await placed(kubectl, manifest)))]);
  }
}

/** The policies that allow a session that its own refuses. */
async function waysOut(kubectl: Kubectl, session: Judged): Promise<string[]> {
  const { otherPolicies } = await import('../judge.ts');
  const names = await otherPolicies(kubectl, session);
  return names.map((name) => `DebugPolicy ${name} allows it, and you may use it: add --policy ${name}`);
}

/** Of a session that its policy refuses later, as it did not when it was asked for, or because of its pod. */
async function sayWayOut({ kubectl, stderr }: Desk, session: DebugSession): Promise<void> {
  if (findCondition(session.status?.conditions, 'Failed')?.reason !== 'PolicyDenied') return;
  for (const line of await waysOut(kubectl, session)) stderr.write(`${line}\n`);
}

/** A session that nobody can type into would run until its ttl. */
function checkTerminal({ stdin }: Desk, { command = [], tty, file, detach, dryRun, output }: StartOptions): void {
  const isLeft = detach === true || dryRun !== undefined || output !== undefined;
  const isInteractive = file === undefined && (command.length === 0 || tty === true);
  if (isInteractive && !isLeft && stdin.isTTY !== true) {
    throw new UsageFault('standard input is not a terminal: name a command after --, or say --detach');
  }
}

function withRequester(manifest: Manifest, more: { requestedBy?: Requester }): Manifest {
  return { ...manifest, spec: { ...manifest.spec, ...more } };
}

/** What was asked for, with all that was chosen for the person. */
function askedLine({ metadata, spec }: DebugSession): string {
  const { target, image, policyName } = spec;
  const where =
    target.containerName === undefined
      ? targetName(target)
      : `${targetName(target)}, container ${target.containerName}`;
  const policy = policyName === undefined ? '' : `, policy ${policyName}`;
  return `Session ${metadata.name}: ${image} for ${where}${policy}`;
}

export const addStart: AddVerb = (root, invocation) => {
  const verb: Command = root
    .command('start', { isDefault: true })
    .description('start a session, attach to its terminal, and say how it ended (the default verb)')
    .usage('(POD | TYPE/NAME) [flags] [-- COMMAND...]')
    .allowExcessArguments();
  addSessionFlags(verb)
    .option('-d, --detach', 'do not wait: print the name of the session')
    .option('--rm', 'delete the session, and its record with it, once it is over')
    .addOption(
      new Option('--dry-run <HOW>', 'print the session and start nothing; server: let the API server judge it').choices(
        ['client', 'server'],
      ),
    )
    .addOption(
      new Option('-o, --output <FORMAT>', 'print the session that was asked for, and do not wait').choices([
        'yaml',
        'json',
        'name',
      ]),
    )
    .action(async (target: string | undefined, options: Record<string, unknown>) => {
      refuseExtraWords(
        verb.args,
        root.commands.map((one) => one.name()),
      );
      const wanted = startOptions(target, options, invocation.command);
      invocation.done(await start(deskOf(root, invocation), wanted));
    });
};
