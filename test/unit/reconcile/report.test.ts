import { expect, it } from '@jest/globals';
import { createLogger } from '../../../src/observability/logger.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import { reportAction, reportReleased, reportStep } from '../../../src/reconcile/report.ts';
import { World } from '../../support/world/world.ts';

it('writes one line for a step that does something, and none for one that does nothing', () => {
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
  ['counts and tells of a session that went by hand while its container ran', () => World.running(), 1],
  ['says nothing of one whose container has ended', () => ended(), 0],
  ['says nothing of one that never had a container', () => new World(), 0],
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
  ['counts a run that failed', { notAfter: '2026-01-01T00:00:00Z' }, 'debugsession_failures_total{reason="Lapsed"} 1'],
  ['counts no failure of a run that was called off before it ran', { cancel: true }, undefined],
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

it('counts an effort to end a container by its way and how it went', async () => {
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
