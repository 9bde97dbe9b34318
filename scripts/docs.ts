import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sessionFamilies } from '../src/observability/metrics.ts';
import { PROFILE_NAMES, PROFILES } from '../src/api/profiles.ts';
import { PLACES, type ReasonPlace, type ReasonRow, REASONS } from '../src/api/reason-catalogue.ts';
import { outcomeRows } from '../test/support/outcomes/outcome-table.ts';

// `npm run docs`: writes what follows from the catalogues (src/api/reason-catalogue.ts, src/api/profiles.ts,
// src/observability/metrics.ts, test/support/outcomes/outcome-table.ts) into the docs and the CRDs.

type Rewrite = (text: string) => string;

const everyProfile: Rewrite = (text) => {
  const names = PROFILE_NAMES.join(', ');
  return text
    .replaceAll(/enum: \[.*\] (# npm run docs: profiles)$/gm, `enum: [${names}] $1`)
    .replaceAll(/maxItems: \d+ (# npm run docs: number of profiles)$/gm, `maxItems: ${PROFILE_NAMES.length} $1`);
};

/**
 * What each profile adds, in the sentence of the description of `spec.profile`, which the API server shows to `kubectl
 * explain`.
 */
const explainedProfiles: Rewrite = (text) => {
  const sentences = PROFILE_NAMES.map(
    (name) => `Profile ${name} adds ${PROFILES[name].adds.replaceAll('`', '')}.`,
  ).join(' ');
  const old = /^( +)(Base of the security settings,[^]*?--profile. )[^]*?(\s+Absent:[^]*?)(?=\n +enum:)/m;
  if (!old.test(text)) throw new Error('there is no description of spec.profile');
  return text.replace(old, (_, indent: string, before: string, after: string) =>
    folded(`${before}${sentences}${after}`, indent),
  );
};

/** A folded scalar of YAML: lines of at most 140 columns. */
function folded(text: string, indent: string): string {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const longer = lines.length === 0 ? undefined : `${lines.at(-1)} ${word}`;
    if (longer !== undefined && longer.length <= 140) lines.splice(-1, 1, longer);
    else lines.push(`${indent}${word}`);
  }
  return lines.join('\n');
}

/** What is written, by the file that it stands in. */
export const GENERATED: ReadonlyMap<string, Rewrite> = new Map([
  ['docs/reference.md', withTables(Object.fromEntries(placesOfReasons().map((place) => [place, reasonTable(place)])))],
  ['docs/debugsession.md', withTables({ profiles: profileTable() })],
  ['docs/ending.md', withTables({ outcomes: outcomeRows() })],
  ['docs/observability.md', withTables({ metrics: metricTable() })],
  ['crds/debugsessions.debugsession.dev.yaml', (text) => explainedProfiles(everyProfile(text))],
  ['crds/debugpolicies.debugsession.dev.yaml', everyProfile],
]);

/** Puts each table below its mark, `<!-- table: NAME -->`. Throws where a table has no mark. */
function withTables(tables: Readonly<Record<string, string[]>>): Rewrite {
  return (text) =>
    Object.entries(tables).reduce((page, [name, lines]) => {
      const old = new RegExp(`(<!-- table: ${name} -->\n\n)(?:\\|.*\n)*\n*`);
      if (!old.test(page)) throw new Error(`there is no line <!-- table: ${name} -->`);
      return page.replace(old, (_, mark: string) => `${mark}${lines.join('\n')}\n\n`);
    }, text);
}

function placesOfReasons(): ReasonPlace[] {
  return Object.keys(PLACES) as ReasonPlace[];
}

function reasonTable(place: ReasonPlace): string[] {
  const { columns } = PLACES[place];
  const rows = Object.entries(REASONS).flatMap(([reason, entry]) => {
    const row = (entry as { [p in ReasonPlace]?: ReasonRow })[place];
    return row === undefined ? [] : [reasonCells(reason, row, columns)];
  });
  return table(columns, rows);
}

function reasonCells(
  reason: string,
  { with: status = '', meaning, remedy = '' }: ReasonRow,
  columns: readonly string[],
): string[] {
  const cell: Record<string, string> = { reason: `\`${reason}\``, meaning, when: meaning, 'what to do': remedy };
  return columns.map((column) => cell[column] ?? status);
}

function profileTable(): string[] {
  const rows = PROFILE_NAMES.map((name) => [`\`${name}\``, PROFILES[name].adds, PROFILES[name].level]);
  return table(['profile', 'adds to the container', 'Pod Security level that lets it in'], rows);
}

function metricTable(): string[] {
  const rows = sessionFamilies().map(({ name, type, help, labelNames }) => {
    const meaning = `${help.charAt(0).toLowerCase()}${help.slice(1)}`.replace(/\.$/, '');
    return [`\`${name}\``, type, labelNames.map((label) => `\`${label}\``).join(', '), meaning];
  });
  return table(['metric', 'type', 'labels', 'meaning'], rows);
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = rows.map((cells) => `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |'));
  return [`| ${columns.join(' | ')} |`, `|${'---|'.repeat(columns.length)}`, ...lines];
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(`../${file}`, import.meta.url));
}

/** The text of a generated file as it is, and as it has to be. */
export function compare(file: string): { is: string; shouldBe: string } {
  const rewrite = GENERATED.get(file);
  if (rewrite === undefined) throw new Error(`nothing is generated into ${file}`);
  const is = readFileSync(pathOf(file), 'utf8');
  return { is, shouldBe: rewrite(is) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const file of GENERATED.keys()) {
    const { is, shouldBe } = compare(file);
    if (is === shouldBe) continue;
    writeFileSync(pathOf(file), shouldBe);
    process.stdout.write(`${file}\n`);
  }
}
