import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { dashboardQueries } from '../support/documents/dashboard.ts';
import { promtool } from '../support/documents/promtool.ts';

const scratch = mkdtempSync(join(tmpdir(), 'debugsession-queries-'));
afterAll(() => rmSync(scratch, { recursive: true }));

it('the dashboard asks in PromQL that Prometheus accepts', () => {
  const filled = dashboardQueries().map(([, expr]) => expr.replaceAll(/\$__(rate_interval|range)/g, '5m'));
  const recorded = filled.map((expr, index) => ({ record: `query_${index}`, expr }));
  const file = join(scratch, 'queries.yaml');
  writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules: recorded }] }));
  expect(promtool('check', 'rules', file)).toEqual({
    status: 0,
    output: expect.stringContaining(`${filled.length} rules found`),
  });
});
