import { expect, it } from '@jest/globals';
import { World } from '../../../support/world/world.ts';

it.each(['container has runAsNonRoot and image will run as root', "container's runAsUser breaks non-root policy"])(
  'the message of a container that must not run as root says what to do: %s',
  (words) => {
    const world = new World();
    world.settle();
    world.waits('CreateContainerConfigError', words);
    world.settle();
    expect(world.run.message).toBe(`${words}; name a user other than 0 in securityContext.runAsUser`);
  },
);
