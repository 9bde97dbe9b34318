import { expect, it } from '@jest/globals';
import { createLogger } from '../../../src/observability/logger.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import { reportStep } from '../../../src/reconcile/report.ts';
import { World } from '../../support/world/world.ts';

it('measures from the acceptance to the injection by the clock that it is given', async () => {
  const metrics = createMetrics();
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } });
  const world = new World();
  while (world.phase !== 'Starting') world.step();
  world.pass(2_500);
  const step = world.look();
  reportStep({ session: world.session, step, now: world.now, metrics, logger });
  expect([step.effect.kind, lines.length]).toEqual(['inject', 1]);
  expect((await metrics.expose()).body).toMatch(/^debugsession_injection_seconds_sum 2\.5$/m);
});
