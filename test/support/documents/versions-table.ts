/** What the tests showed on one version of Kubernetes. */
export interface VersionResult {
  /** Such as 1.36. */
  minor: string;
  /** Whole versions, such as v1.36.3. */
  server: string;
  kubelet: string;
  /** Whether a policy fills in spec.requestedBy, or the person writes it. */
  fillsIn: boolean;
  /** By the project of jest. */
  counts: Readonly<Record<string, { passed: number; failed: number; skipped: number }>>;
}

const BEGIN = '<!-- written by make test-versions: begin -->\n';
const END = '<!-- written by make test-versions: end -->\n';
const PROJECTS = ['integration', 'e2e', 'security'] as const;
const HEAD = [
  '| Kubernetes | API server | kubelet | `spec.requestedBy` | integration | e2e | security |',
  '|---|---|---|---|---|---|---|',
];

/** A row of the table of docs/versions.md. */
export function rowOf({ minor, server, kubelet, fillsIn, counts }: VersionResult): string {
  const told = PROJECTS.map((project) => {
    const count = counts[project];
    if (count === undefined) return 'not run';
    const { passed, failed, skipped } = count;
    const rest = [failed > 0 && `**${failed} failed**`, skipped > 0 && `${skipped} skipped`];
    return [`${passed} passed`, ...rest].filter(Boolean).join(', ');
  });
  const requester = fillsIn ? 'a policy fills it in' : 'you write it';
  return `| ${[minor, server, kubelet, requester, ...told].join(' | ')} |`;
}

/**
 * The page with these rows in its table, newest version first. Rows of other versions stay.
 * @throws Error where the page has no such table
 */
export function withRows(page: string, rows: readonly string[]): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page lacks the lines ${BEGIN.trim()} and ${END.trim()}`);
  const minorOf = (row: string): string => row.split('|')[1]?.trim() ?? '';
  const before = page.slice(begin + BEGIN.length, end).split('\n');
  const old = before.filter((line) => /^\| \d/.test(line));
  const byMinor = new Map([...old, ...rows].map((row) => [minorOf(row), row]));
  const number = (row: string): number => Number(minorOf(row).split('.')[1]);
  const sorted = [...byMinor.values()].sort((a, b) => number(b) - number(a));
  return `${page.slice(0, begin)}${BEGIN}\n${[...HEAD, ...sorted].join('\n')}\n\n${page.slice(end)}`;
}
