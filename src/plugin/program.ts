import { Command, CommanderError, Option } from 'commander';
import { VERSION } from '../version.ts';
import { DEFAULT_IMAGE } from './choose.ts';
import { CONNECTION_FLAGS, type ConnectionValues } from './connection-flags.ts';
import { start, type StartOptions } from './verbs/start.ts';
import type { Desk } from './desk.ts';

/** What the command line has said so far. */
export interface Invocation {
  /** Makes what the verb works with, once the connection flags are known. */
  desk(connection: ConnectionValues): Desk;
  /** What stands behind `--`; undefined without it. */
  command: readonly string[] | undefined;
  /** Takes the exit code of the verb. */
  done(exitCode: number): void;
}

/** What stands before `--`, and what behind it, which is nobody's flag. */
export function splitCommand(argv: readonly string[]): { words: string[]; command?: string[] } {
  const at = argv.indexOf('--');
  return at < 0 ? { words: [...argv] } : { words: argv.slice(0, at), command: argv.slice(at + 1) };
}

/** The program `kubectl dbg` with every verb. */
export function program(invocation: Invocation): Command {
  const root = new Command('kubectl dbg')
    .description('Debug containers in running pods that end, with a record.')
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .showSuggestionAfterError()
    .exitOverride();
  for (const { long, short, value, isList, help } of CONNECTION_FLAGS) {
    const flags = `${short === undefined ? '' : `-${short}, `}--${long}${value === undefined ? '' : ` <${value}>`}`;
    const option = new Option(flags, help).helpGroup('Connection (handed to kubectl):');
    if (isList === true) option.argParser((one: string, before: string[] = []) => [...before, one]);
    root.addOption(option);
  }
  addStart(root, invocation);
  return root;
}

function repeated(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

function addStart(root: Command, invocation: Invocation): void {
  const verb = root
    .command('start', { isDefault: true })
    .description('start a session, get its terminal, and learn how it ended (the default verb)')
    .usage('(POD | TYPE/NAME) [flags] [-- COMMAND...]')
    .argument('[POD | TYPE/NAME]', 'pod to debug, or workload of which a ready pod is chosen')
    .option(
      '-c, --container <NAME>',
      'container whose processes and files are seen (default: the default container of the pod, where the policy allows it)',
    )
    .addOption(new Option('--target <NAME>', 'the same as --container, as kubectl debug calls it'))
    .option('--no-target', 'join no container')
    .option('-i, --image <IMAGE>', `image of the debug container (default: ${DEFAULT_IMAGE})`)
    .option('--ttl <TIME>', 'how long it may run, such as 1h30m (default: as the policy says)')
    .option('--profile <NAME>', 'general, baseline, restricted, netadmin or sysadmin (default: general)')
    .option('--policy <NAME>', 'DebugPolicy to ask under (default: default)')
    .option('-r, --reason <TEXT>', 'why; kept in the record')
    .option('-e, --env <NAME=VALUE>', 'variable of the command; may be given several times', repeated)
    .option(
      '--attacher <WHO>',
      'who else may come in: user:NAME, group:NAME or serviceaccount:[NAMESPACE/]NAME; may be given several times',
      repeated,
    )
    .option('--as-user <UID[:GID]>', 'run as this user and group')
    .option('--volume <VOLUME:PATH[:ro]>', 'mount a volume of the pod; may be given several times', repeated)
    .option('--supervisor <NAME>', 'Shell or None: what ends the command inside the container (default: Shell)')
    .option('--name <NAME>', 'name of the session (default: made from the name of the pod)')
    .option('-t, --tty', 'give the command after -- a terminal, and attach to it')
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
    .option('-f, --filename <FILE>', 'start the session of this file, - for standard input');
  verb.action(async (target: string | undefined, options: Record<string, unknown>) => {
    const { target: join, filename, ...others } = options;
    const wanted: StartOptions = {
      ...(others as Omit<StartOptions, 'target'>),
      command: invocation.command,
      ...(target !== undefined && { target }),
      ...(typeof filename === 'string' && { file: filename }),
      ...(typeof join === 'string' && { container: join }),
      ...(join === false && { noTarget: true }),
    };
    invocation.done(await start(deskOf(root, invocation), wanted));
  });
}

function deskOf(root: Command, invocation: Invocation): Desk {
  const values = root.opts<Record<string, string | true | string[]>>();
  const byLongName = CONNECTION_FLAGS.flatMap(({ long }) => {
    const name = long.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const value = values[name];
    return value === undefined ? [] : [[long, value] as const];
  });
  return invocation.desk(Object.fromEntries(byLongName));
}

/** Whether it is commander's way to say that the help or the version was printed, or what is wrong with the command line. */
export function isOfCommander(error: unknown): error is CommanderError {
  return error instanceof CommanderError;
}
