import { expect, it } from '@jest/globals';
import { createLogger } from '../../../src/observability/logger.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import { reportStep } from '../../../src/reconcile/report.ts';
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
