import { readFileSync } from 'node:fs';
import { DNS_LABEL } from '../api/names.ts';
import { parse } from 'yaml';
import { nearest } from '../text/nearest.ts';
import { complain, complainOfUsage } from './complain.ts';
import { shown } from './finding-line.ts';
import { checkPolicies, type NamedText } from './policy-check.ts';
import type { ResourceSchemas } from './policy-input.ts';
import { readInput, sourceName } from './read-input.ts';
import type { Schema } from './schema-findings.ts';

const USAGE = `Says what DebugPolicies allow, without a cluster.

Usage: npm run --silent policy -- check [--namespace NAME] FILE...
       Each FILE is YAML or JSON, - is standard input: DebugPolicies and DebugSessions, and the Pods and Namespaces that they are about.
       --namespace NAME: the namespace of what says none (default).

Exit code: 0 every session is allowed
           1 a session is refused, or its policy was not given
           2 the input or the options cannot be used; standard error says why, nothing is judged
`;

interface Asked {
  namespace: string;
  files: string[];
  /** What is wrong with the command line. */
  faults: string[];
}

function readArguments([command, ...rest]: readonly string[]): Asked {
  if (command === undefined) return { namespace: '', files: [], faults: ['the command is missing: check FILE...'] };
  if (command !== 'check') {
    return { namespace: '', files: [], faults: [`unknown command ${shown(command)}, the only one is check`] };
  }
  const asked: Asked = { namespace: 'default', files: [], faults: [] };
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index] ?? '';
    if (word === '--namespace' || word === '-n') readNamespace(rest[++index], asked);
    else if (word.startsWith('--namespace=')) readNamespace(word.slice('--namespace='.length), asked);
    else if (word.startsWith('-') && word !== '-') asked.faults.push(unknownOption(word));
    else asked.files.push(word);
  }
  if (asked.files.filter((file) => file === '-').length > 1) asked.faults.push('- can be read only once');
  // Where something else is wrong a FILE may have been taken for it.
  if (asked.files.length === 0 && asked.faults.length === 0) {
    asked.faults.push('FILE is missing: name one or more, or - for standard input');
  }
  return asked;
}

function readNamespace(text: string | undefined, asked: Asked): void {
  if (text === undefined) asked.faults.push('--namespace needs the name of a namespace');
  else if (DNS_LABEL.test(text)) asked.namespace = text;
  else asked.faults.push(`--namespace must be the name of a namespace, not ${shown(text)}`);
}

function unknownOption(word: string): string {
  const [name = ''] = word.split('=');
  const meant = nearest(name, ['--namespace', '--help']);
  return `unknown option ${shown(name)}${meant === undefined ? '' : `, did you mean ${meant}?`}`;
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

/** The exit code of the program. */
async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(USAGE);
    return 0;
  }
  const asked = readArguments(argv);
  if (asked.faults.length > 0) {
    complainOfUsage(asked.faults);
    return 2;
  }
  const texts: NamedText[] = [];
  for (const file of asked.files) {
    const input = await readInput(file);
    if (input.kind === 'unreadable') {
      complain('error', [input.fault]);
      return 2;
    }
    texts.push({ source: sourceName(file), text: input.text });
  }
  const report = checkPolicies(texts, { schemas: readSchemas(), namespace: asked.namespace });
  if (report.kind === 'unusable') {
    complain('error', report.faults);
    return 2;
  }
  process.stdout.write(report.lines.map((line) => `${line}\n`).join(''));
  if (report.notJudged !== '') complain('not judged', [report.notJudged]);
  return report.refused + report.withoutPolicy > 0 ? 1 : 0;
}

// exitCode and not exit(): a pipe must be able to take all of the output first.
process.exitCode = await main(process.argv.slice(2));
