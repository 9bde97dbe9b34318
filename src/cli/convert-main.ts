import { complain, complainOfUsage } from './complain.ts';
import { convert } from './convert.ts';
import { shown } from './finding-line.ts';
import { readInput, sourceName } from './read-input.ts';

const USAGE = `Turns EphemeralContainers documents (Kubernetes 1.16 to 1.21) into DebugSessions.

Usage: npm run --silent convert -- FILE
       FILE is JSON or YAML; - reads standard input. The sessions go to standard output as YAML.

Exit code: 0 everything was taken over
           1 converted, but fields were left out; standard error lists them
           2 the input or the options cannot be used; standard error says why, nothing is written
`;

/** What is wrong with the command line. */
function usageFaults(argv: readonly string[]): string[] {
  const options = argv.filter((word) => word.startsWith('-') && word !== '-');
  const files = argv.length - options.length;
  const faults = options.map((word) => `unknown option ${shown(word)}`);
  if (files > 1) faults.push(`one FILE is read at a time, not ${files}`);
  // With an option that is not known, what stands behind it may have been meant for its value.
  if (files === 0 && options.length === 0) faults.push('FILE is missing: name one, or - for standard input');
  return faults;
}

/** The exit code of the program. */
async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(USAGE);
    return 0;
  }
  const faults = usageFaults(argv);
  const [file] = argv;
  if (file === undefined || faults.length > 0) {
    complainOfUsage(faults);
    return 2;
  }
  const input = await readInput(file);
  if (input.kind === 'unreadable') {
    complain('error', [input.fault]);
    return 2;
  }
  const result = convert(input.text, sourceName(file));
  if (result.kind === 'unusable') {
    complain('error', result.faults);
    return 2;
  }
  complain('note', result.notes);
  complain('left out', result.leftOut);
  process.stdout.write(result.yaml);
  return result.leftOut.length > 0 ? 1 : 0;
}

// exitCode and not exit(): a pipe must be able to take all of the output first.
process.exitCode = await main(process.argv.slice(2));
