import { oneLine } from '../text/one-line.ts';
import { convert } from './convert.ts';
import { readInput, sourceName } from './read-input.ts';

const USAGE = `Turns EphemeralContainers documents (Kubernetes 1.16 to 1.21) into DebugSessions.

Usage: npm run --silent convert -- FILE
       FILE is JSON or YAML; - reads standard input. The sessions go to standard output as YAML.

Exit code: 0 everything was taken over
           1 converted, but fields were left out; standard error lists them
           2 the input cannot be used; standard error says why, nothing is written
`;

function complain(kind: string, lines: readonly string[]): void {
  process.stderr.write(lines.map((line) => `${kind}: ${line}\n`).join(''));
}

/** The exit code of the program. */
async function main(argv: readonly string[]): Promise<number> {
  const [file, ...more] = argv;
  if (file === '--help' || file === '-h') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (file === undefined || more.length > 0 || (file.startsWith('-') && file !== '-')) {
    process.stderr.write(USAGE);
    return 2;
  }
  const source = sourceName(file);
  let text: string;
  try {
    text = await readInput(file);
  } catch (error) {
    complain('error', [oneLine(`${source}: ${error instanceof Error ? error.message : String(error)}`)]);
    return 2;
  }
  const result = convert(text, source);
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
