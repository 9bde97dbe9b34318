import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { oneLine } from '../text/one-line.ts';
import { checkPolicies, type NamedText } from './policy-check.ts';
import type { ResourceSchemas } from './policy-input.ts';
import { readInput, sourceName } from './read-input.ts';
import type { Schema } from './schema-findings.ts';
import { DNS_LABEL } from './values.ts';

const USAGE = `Says what DebugPolicies allow, without a cluster.

Usage: npm run --silent policy -- check [--namespace NAME] FILE...
       Each FILE is YAML or JSON, - is standard input: DebugPolicies and DebugSessions, and the Pods and Namespaces that they are about.
       --namespace NAME: the namespace of what says none (default).

Exit code: 0 every session is allowed
           1 a session is refused
           2 the input cannot be used; standard error says why, nothing is judged
`;

/** What the command line asks for; undefined: it cannot be understood. */
function readArguments(argv: readonly string[]): { namespace: string; files: string[] } | undefined {
  const [command, ...rest] = argv;
  const files: string[] = [];
  let namespace = 'default';
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index] ?? '';
    if (word === '--namespace' || word === '-n') namespace = rest[++index] ?? '';
    else if (word.startsWith('--namespace=')) namespace = word.slice('--namespace='.length);
    else if (word.startsWith('-') && word !== '-') return undefined;
    else files.push(word);
  }
  return command === 'check' && files.length > 0 && DNS_LABEL.test(namespace) ? { namespace, files } : undefined;
}

/** The schemas as the CRDs of this repository have them. */
function readSchemas(): ResourceSchemas {
  const schemaOf = (plural: string): Schema => {
    const file = new URL(`../../crds/${plural}.debugsession.dev.yaml`, import.meta.url);
    const crd = parse(readFileSync(file, 'utf8')) as { spec: { versions: { schema: { openAPIV3Schema: Schema } }[] } };
    const [version] = crd.spec.versions;
    if (version === undefined) throw new Error(`the CRD of ${plural} has no version`);
    return version.schema.openAPIV3Schema;
  };
  return { policy: schemaOf('debugpolicies'), session: schemaOf('debugsessions') };
}

function complain(kind: string, lines: readonly string[]): void {
  process.stderr.write(lines.map((line) => `${kind}: ${line}\n`).join(''));
}

/** The exit code of the program. */
async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(USAGE);
    return 0;
  }
  const asked = readArguments(argv);
  if (asked === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const texts: NamedText[] = [];
  for (const file of asked.files) {
    const source = sourceName(file);
    try {
      texts.push({ source, text: await readInput(file) });
    } catch (error) {
      complain('error', [oneLine(`${source}: ${error instanceof Error ? error.message : String(error)}`, 2_000)]);
      return 2;
    }
  }
  const report = checkPolicies(texts, { schemas: readSchemas(), namespace: asked.namespace });
  if (report.kind === 'unusable') {
    complain('error', report.faults);
    return 2;
  }
  process.stdout.write(report.lines.map((line) => `${line}\n`).join(''));
  if (report.notJudged !== '') complain('not judged', [report.notJudged]);
  return report.refused > 0 ? 1 : 0;
}

// exitCode and not exit(): a pipe must be able to take all of the output first.
process.exitCode = await main(process.argv.slice(2));
