import { expect, it } from '@jest/globals';
import { World } from '../../../support/world/world.ts';

it.each(['container has runAsNonRoot and image will run as root', "container's runAsUser breaks non-root policy"])(
  'a container that may not be of root says the way out: %s',
  (words) => {
    const world = new World();
    world.settle();
    world.waits('CreateContainerConfigError', words);
    world.settle();
    expect(world.run.message).toBe(`${words}; name a user other than 0 in securityContext.runAsUser`);
  },
);
