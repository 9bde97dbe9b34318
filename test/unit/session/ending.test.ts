import { describe, expect, it } from '@jest/globals';
import { parseDuration } from '../../../src/api/duration.ts';
import { World } from '../../support/world.ts';

describe('a command that writes a word of the supervisor', () => {
  it.each(['TooLate', 'CommandNotFound', 'Unsupported'])('%s after a while is not believed', (word) => {
    const world = World.running();
    world.pass(parseDuration('20m'));
    world.ends({ exitCode: 125, message: word });
    world.settle();
    expect([world.phase, world.run.endedBy, world.run.exitCode]).toEqual(['Completed', 'Command', 125]);
  });
});
