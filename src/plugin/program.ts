import { Command, CommanderError, Help, Option } from 'commander';
import { VERSION } from '../version.ts';
import { CONNECTION_FLAGS } from './connection-flags.ts';
import { type AddVerb, type Invocation, repeated } from './verb.ts';
import { addAgain } from './verbs/again.ts';
import { addApprove } from './verbs/approve.ts';
import { addAttach } from './verbs/attach.ts';
import { addCanI } from './verbs/can-i.ts';
import { addCheck } from './verbs/check.ts';
import { addCompletion } from './verbs/completion.ts';
import { addConvert } from './verbs/convert.ts';
import { addDeny } from './verbs/deny.ts';
import { addDoctor } from './verbs/doctor.ts';
import { addEnd } from './verbs/end.ts';
import { addExtend } from './verbs/extend.ts';
import { addLogs } from './verbs/logs.ts';
import { addLs } from './verbs/ls.ts';
import { addPolicies } from './verbs/policies.ts';
import { addReplay } from './verbs/replay.ts';
import { addReport } from './verbs/report.ts';
import { addRm } from './verbs/rm.ts';
import { addShow } from './verbs/show.ts';
import { addStart } from './verbs/start.ts';
import { addTriage } from './verbs/triage.ts';

/** In the order of help: as a person meets them. */
const VERBS: readonly AddVerb[] = [
  addStart,
  addTriage,
  addLs,
  addShow,
  addAttach,
  addLogs,
  addReplay,
  addExtend,
  addEnd,
  addAgain,
  addRm,
  addApprove,
  addDeny,
  addReport,
  addPolicies,
  addCanI,
  addCheck,
  addConvert,
  addDoctor,
  addCompletion,
];

/** What stands before `--`, and what behind it, which is nobody's flag. */
export function splitCommand(argv: readonly string[]): { words: string[]; command?: string[] } {
  const at = argv.indexOf('--');
  return at < 0 ? { words: [...argv] } : { words: argv.slice(0, at), command: argv.slice(at + 1) };
}

/** The program `kubectl dbg` with every verb. */
export function program(invocation: Invocation): Command {
  const root = new Command('kubectl dbg')
    .description('Debug containers in running pods that end, with a record.')
    .usage('(POD | TYPE/NAME | VERB) [flags] [-- COMMAND...]')
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .configureHelp({
      showGlobalOptions: false,
      formatHelp: (command, help) => connectionLast(new Help().formatHelp(command, help)),
    })
    .addHelpText('after', EXAMPLES)
    .showSuggestionAfterError()
    .exitOverride();
  for (const { long, short, value, isList, help } of CONNECTION_FLAGS) {
    const flags = `${short === undefined ? '' : `-${short}, `}--${long}${value === undefined ? '' : ` <${value}>`}`;
    const option = new Option(flags, help).helpGroup(CONNECTION_HEADING);
    if (isList === true) option.argParser(repeated);
    root.addOption(option);
  }
  for (const add of VERBS) add(root, invocation);
  return root;
}

const CONNECTION_HEADING = 'Connection, of every verb (handed to kubectl):';

/** People look for the verbs first, and the connection has twenty flags. */
function connectionLast(text: string): string {
  const parts = text.trimEnd().split('\n\n');
  const isConnection = (part: string): boolean => part.startsWith(CONNECTION_HEADING);
  return `${[...parts.filter((part) => !isConnection(part)), ...parts.filter(isConnection)].join('\n\n')}\n`;
}

const EXAMPLES = `
Examples:
  kubectl dbg web                              a shell beside the default container of pod web
  kubectl dbg deploy/checkout -c app --ttl 1h  in a ready pod of a workload
  kubectl dbg web -- ss -tlnp                  one command: its output, its exit code
  kubectl dbg start --help                     the flags of a start
  kubectl dbg ls                               your sessions here

Exit code: that of the command; 1 where it was refused or failed, 2 where the command line cannot be used, 130 where Ctrl-C ended your wait.`;

/**
 * Whether it is commander's way to say that the help or the version was printed, or what is wrong with the command
 * line.
 */
export function isOfCommander(error: unknown): error is CommanderError {
  return error instanceof CommanderError;
}
