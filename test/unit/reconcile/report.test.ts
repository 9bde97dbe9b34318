import { expect, it } from '@jest/globals';
import { createLogger } from '../../../src/observability/logger.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import { reportAction, reportReleased, reportStep } from '../../../src/reconcile/report.ts';
import { World } from '../../support/world/world.ts';

it('a step that does something writes one line to the log, and an idle step writes none', () => {
  const metrics = createMetrics();
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } });
  const world = new World();
  while (world.phase !== 'Starting') world.step();
  const report = (): string => {
    const { session } = world;
    const step = world.step();
    reportStep({ session, step, metrics, logger });
    return step.effect.kind;
  };
  expect([report(), report()]).toEqual(['inject', 'none']);
  expect(lines).toEqual([expect.stringContaining('"msg":"container injected"')]);
});

it.each([
  ['the metric and the log tell of a session that was released while its container ran', () => World.running(), 1],
  ['the metric and the log tell nothing of a released session whose container has ended', () => ended(), 0],
  ['the metric and the log tell nothing of a released session without a container', () => new World(), 0],
])('%s', async (_what, made, times) => {
  const metrics = createMetrics();
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } });
  const { session, now } = made();
  reportReleased(session, now, { metrics, logger });
  expect((await metrics.expose()).body).toContain(`debugsession_released_total ${times}\n`);
  const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const container = session.status?.debugContainerName;
  expect(told).toMatchObject(times === 0 ? [] : [{ msg: 'session gone while its container may run', container }]);
});

function ended(): World {
  const world = World.running();
  world.ends();
  world.settle();
  return world;
}

it.each([
  [
    'the metric counts a run that failed',
    { notAfter: '2026-01-01T00:00:00Z' },
    'debugsession_failures_total{reason="Lapsed"} 1',
  ],
  ['the metric counts no failure of a run that was cancelled before it ran', { cancel: true }, undefined],
])('%s', async (_what, spec, counted) => {
  const metrics = createMetrics();
  const logger = createLogger({ level: 'error', destination: { write: () => undefined } });
  const world = new World(spec);
  while (world.session.status?.runs === undefined) {
    const { session } = world;
    reportStep({ session, step: world.step(), metrics, logger });
  }
  const { body } = await metrics.expose();
  expect(body.split('\n').filter((line) => line.startsWith('debugsession_failures_total{'))).toEqual(
    counted === undefined ? [] : [counted],
  );
});

it('the metric counts an effort to stop a container by its route and outcome', async () => {
  const metrics = createMetrics();
  const logger = createLogger({ level: 'error', destination: { write: () => undefined } });
  const { session, run } = World.running();
  const tell = { metrics, logger };
  reportAction({ session, run, kind: 'Exec', outcome: { kind: 'asked' } }, tell);
  reportAction({ session, run, kind: 'Exec', outcome: { kind: 'forbidden', message: 'no' } }, tell);
  const { body } = await metrics.expose();
  expect(body.split('\n').filter((line) => line.startsWith('debugsession_stop_efforts_total{'))).toEqual([
    'debugsession_stop_efforts_total{way="Exec",outcome="asked"} 1',
    'debugsession_stop_efforts_total{way="Exec",outcome="forbidden"} 1',
  ]);
});
