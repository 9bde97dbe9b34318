import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { repositoryPath } from '../support/documents/crd.ts';
import { promtool } from '../support/documents/promtool.ts';

interface Alert {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; description: string; runbook_url: string };
}
interface RuleFile {
  groups: { name: string; rules: Alert[] }[];
}
interface RuleTest {
  tests: { alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[] }[];
}

const read = (path: string): string => readFileSync(repositoryPath(path), 'utf8');
const rules = parse(read('config/prometheus/rules.yaml')) as RuleFile;
const alerts = rules.groups.flatMap((group) => group.rules);
const testFiles = readdirSync(repositoryPath('config/prometheus/tests')).map((f) => `config/prometheus/tests/${f}`);

it('Prometheus accepts the alert rules', () => {
  const { status, output } = promtool('check', 'rules', repositoryPath('config/prometheus/rules.yaml'));
  expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining(`${alerts.length} rules found`) });
});

it.each(testFiles)('the rule tests of Prometheus in %s pass', (file) => {
  const { status, output } = promtool('test', 'rules', repositoryPath(file));
  expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('SUCCESS') });
});

it('every alert has a test in which it fires and a test in which it stays silent', () => {
  const seen = testFiles
    .flatMap((file) => (parse(read(file)) as RuleTest).tests)
    .flatMap((test) => test.alert_rule_test)
    .map(({ alertname, exp_alerts = [] }) => `${alertname} ${exp_alerts.length > 0 ? 'fires' : 'is silent'}`);
  const wanted = alerts.flatMap(({ alert }) => [`${alert} fires`, `${alert} is silent`]);
  expect([...new Set(seen)].sort()).toEqual(wanted.sort());
});

it('the PrometheusRule holds the same groups as the rule file', () => {
  const resource = parse(read('config/prometheus/prometheus-rule.yaml')) as { spec: RuleFile };
  expect(resource.spec).toEqual(rules);
});

describe('docs/runbooks.md', () => {
  const headings = [...read('docs/runbooks.md').matchAll(/^## (\w+)$/gm)].map((match) => match[1] ?? '');

  it('docs/runbooks.md has a heading for every alert, and no other heading', () => {
    expect(headings.sort()).toEqual(alerts.map(({ alert }) => alert).sort());
  });

  it.each(alerts.map((alert) => [alert.alert, alert] as const))(
    'docs/runbooks.md has the heading to which the alert %s leads',
    (name, alert) => {
      expect(alert.annotations.runbook_url).toBe(`docs/runbooks.md#${name.toLowerCase()}`);
      expect(['critical', 'warning']).toContain(alert.labels.severity);
    },
  );

  it('docs/runbooks.md says for each alert what it means, how to look and what to do', () => {
    const sections = read('docs/runbooks.md').split(/^## /m).slice(1);
    const poor = sections.filter(
      (text) => !['**Means:**', '**Look:**', '**Do:**'].every((word) => text.includes(word)),
    );
    expect(poor).toEqual([]);
  });
});
