import { jest } from '@jest/globals';

// On a cluster each wait has a bound of its own, which grows with the load (test/support/patience.ts). Jest's own bound
// is for what hangs all the same.
jest.setTimeout(900_000);
