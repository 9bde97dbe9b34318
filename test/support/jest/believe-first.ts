import { beforeAll } from '@jest/globals';
import { untilBelieved } from './global-setup.ts';

// Files that run one after the other change the policies of the whole cluster: each begins when what the one before it
// has put back is believed again.
beforeAll(untilBelieved);
