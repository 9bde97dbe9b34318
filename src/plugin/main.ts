import type { ConnectionValues } from './connection-flags.ts';
import { connectionArguments } from './connection-flags.ts';
import type { Desk } from './desk.ts';
import { Fault } from './fault.ts';
import { Kubectl } from './kubectl.ts';
import { isOfCommander, program, splitCommand } from './program.ts';
import { Progress } from './progress.ts';
import { complete } from './verbs/completion.ts';

// The composition root of `kubectl dbg`: the only place in src/plugin that knows the process it runs in.

const { stdin, stdout, stderr, env } = process;

function deskFor(connection: ConnectionValues): Desk {
  return {
    kubectl: new Kubectl({
      program: env['KUBECTL'] || 'kubectl',
      connection: connectionArguments(connection),
      stderr,
      env,
    }),
    stdin,
    stdout,
    stderr,
    progress: new Progress(stderr, () => Date.now()),
    onInterrupt: (handler) => {
      process.on('SIGINT', handler);
      return () => void process.off('SIGINT', handler);
    },
    now: () => Date.now(),
    random: () => Math.random(),
  };
}

/** Runs the command line. @returns the exit code */
async function run(argv: readonly string[]): Promise<number> {
  const { words, command } = splitCommand(argv);
  let exitCode = 0;
  const invocation = { desk: deskFor, command, done: (code: number) => void (exitCode = code) };
  try {
    const root = program(invocation);
    // What is being typed is no command line yet.
    if (argv[0] === '__complete') stdout.write(await complete(root, invocation, argv.slice(1)));
    else await root.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    // commander has said what is wrong, or has printed what was asked for.
    if (isOfCommander(error)) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof Fault)) throw error;
    for (const [index, line] of error.lines.entries()) stderr.write(`${index === 0 ? 'error: ' : '  '}${line}\n`);
    return error.exitCode;
  }
}

// A reader that has gone, such as head, is no fault of ours.
stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

// No await here: a single executable is CommonJS (scripts/plugin-executable.ts).
void run(process.argv.slice(2)).then((exitCode) => {
  // What goes on in the background is of no use any more; a pipe must be able to take all of the output first.
  stdout.write('', () => process.exit(exitCode));
});
