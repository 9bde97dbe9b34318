import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { createMetrics, sessionFamilies } from '../../src/observability/metrics.ts';
import { repositoryPath } from '../support/documents/crd.ts';
import { dashboardPanels, dashboardQueries } from '../support/documents/dashboard.ts';
import { metricsOf } from '../support/documents/promql.ts';

const read = (path: string): string => readFileSync(repositoryPath(path), 'utf8');

/** The families that the operator shows, with their type. */
async function families(): Promise<Map<string, string>> {
  const { body } = await createMetrics().expose();
  return new Map([...body.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map((match) => [match[1] ?? '', match[2] ?? '']));
}

/** The names of the series of all families. */
async function seriesNames(): Promise<Set<string>> {
  const names = [...(await families())].map(([name, type]) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
  return new Set(names.flat());
}

/** Of the kubelet; test/e2e/during.test.ts sees them on a real one. */
const KUBELET = [
  'container_memory_working_set_bytes',
  'container_cpu_usage_seconds_total',
  'container_spec_memory_limit_bytes',
  'container_spec_cpu_quota',
  'container_spec_cpu_period',
];

const panels = dashboardPanels();
const queries = dashboardQueries();
const rules = parse(read('config/prometheus/rules.yaml')) as { groups: { rules: { alert: string; expr: string }[] }[] };
const alerts = rules.groups.flatMap((group) => group.rules).map(({ alert, expr }) => [alert, expr] as const);

describe('the dashboard', () => {
  it('the dashboard asks something in every panel, and each panel has a number of its own', () => {
    expect(panels.filter(({ targets = [] }) => targets.length === 0)).toEqual([]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });
});

it.each([...queries, ...alerts])('the metrics of "%s" exist: %s', async (_, expr) => {
  const known = new Set([...(await seriesNames()), ...KUBELET]);
  const names = metricsOf(expr);
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !known.has(name))).toEqual([]);
});

it('docs/observability.md has a row for every metric but those of the process, with its type', async () => {
  const rows = [...read('docs/observability.md').matchAll(/^\| `([a-z_]+)` \| (gauge|counter|histogram) \|/gm)];
  const ours = [...(await families())].filter(([name]) => !/^(process|nodejs)_/.test(name));
  expect(Object.fromEntries(rows.map((row) => [row[1], row[2]]))).toEqual(Object.fromEntries(ours));
});

describe('a metric', () => {
  const sources = (folder: string): string[] =>
    readdirSync(repositoryPath(folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => `${folder}/${file}`);

  it('the operator calls each method of Metrics outside src/observability', () => {
    const code = sources('src')
      .filter((file) => !/^src\/observability\/(?:runtime-)?metrics\.ts$/.test(file))
      .map(read)
      .join('\n');
    const called = new Set([...code.matchAll(/metrics\.(\w+)\(/gi)].map((match) => match[1]));
    // Call what is named here where the thing happens, mostly in src/reconcile/report.ts.
    expect(Object.keys(createMetrics()).filter((method) => !called.has(method))).toEqual([]);
  });

  it('the tests name each metric of sessions', () => {
    const tests = ['test/unit', 'test/process', 'test/e2e'].flatMap(sources).map(read).join('\n');
    // Name it in test/unit/reconcile/report.test.ts, with the value that it has after what is counted.
    expect(sessionFamilies().filter(({ name }) => !tests.includes(name))).toEqual([]);
  });

  it('docs/observability.md explains the labels of each metric of sessions', () => {
    const docs = read('docs/observability.md');
    const labels = sessionFamilies().flatMap(({ labelNames }) => labelNames);
    expect(labels.length).toBeGreaterThan(4);
    expect(labels.filter((label) => !docs.includes(`\n| \`${label}\` | `))).toEqual([]);
  });
});

describe('histograms of durations', () => {
  it('the docs and the panel of a histogram say what it measures in the words of its help', async () => {
    const { body } = await createMetrics().expose();
    const helps = [...body.matchAll(/^# HELP (debugsession_\S+_seconds) (.*)\.$/gm)];
    expect(helps.length).toBe(3);
    const docs = read('docs/observability.md');
    const missing = helps.flatMap(([, name = '', help = '']) => {
      const row = `| \`${name}\` | histogram | | ${help.charAt(0).toLowerCase()}${help.slice(1)} |`;
      const shown = panels.filter(({ targets = [] }) => targets.some(({ expr }) => expr.includes(`${name}_`)));
      return [
        ...(docs.includes(row) ? [] : [`docs/observability.md lacks: ${row}`]),
        ...shown
          .filter(({ description = '' }) => !description.startsWith(`${help}.`))
          .map(({ title }) => `the description of the panel "${title}" does not begin with: ${help}.`),
      ];
    });
    expect(missing).toEqual([]);
  });
});

describe('the names in a query', () => {
  it.each([
    ['sum by (le) (rate(a_bucket{x="b_c",y=~"d|e"}[5m]))', ['a_bucket']],
    ['max by(phase)(a) and on (instance) b == 1 or vector(0)', ['a', 'b']],
    ['sum(a unless a offset 15m) by (reason) > bool 1e3', ['a']],
    ['histogram_quantile(0.99, a:b_c) * on (x) group_left () d', ['a:b_c', 'd']],
  ])('metricsOf finds the metrics in the query %s', (query, names) => {
    expect(metricsOf(query)).toEqual(names);
  });
});
