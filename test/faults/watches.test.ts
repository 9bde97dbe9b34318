import { describe, expect, it } from '@jest/globals';
import type { Scenario } from './scenario.ts';
import { cancel, expire, inject, replacePod, revoke } from './scenarios.ts';
import { playAll } from './suite.ts';
import { playTrial } from './trial.ts';
import { POD_RUNS, SESSION_RUNS, watchFaults, type Watched } from './watches.ts';

const ended = /"ephemeralContainerStatuses":\[\{"name":"[^"]*","state":\{"terminated"/;

/** Each watch where the scenario depends on it. */
const SCENARIOS: [string, Scenario, Watched[]][] = [
  ['injects one container', inject, [SESSION_RUNS, POD_RUNS]],
  ['records an end', expire, [{ resource: 'pods', last: ended }]],
  ['ends a container', cancel, [{ resource: 'debugsessions', last: /"cancel":true/ }]],
  ['notices that a pod has gone', replacePod, [{ resource: 'pods', last: /"type":"DELETED"/ }]],
  ['ends what its policy does not allow', revoke, [{ resource: 'debugpolicies', last: /"type":"MODIFIED".*alpine/ }]],
];

describe.each(SCENARIOS)('the operator %s', (words, scenario, watches) => {
  it(`the operator ${words} whatever a watch tells it`, async () => {
    const faults = watchFaults(watches).filter(({ isSlow }) => isSlow !== true);
    expect(await playAll(scenario, { faults, clean: await playTrial(scenario) })).toEqual([]);
  });
});

it('the operator comes to the same end when a watch falls silent', async () => {
  // All at once: they take minutes, in which nothing is done but to wait.
  // An operator that hears of a container when it has ended records no time until which it may run.
  const found = SCENARIOS.filter(([, scenario]) => scenario !== expire).map(async ([, scenario, watches]) => {
    const faults = watchFaults(watches).filter(({ isSlow }) => isSlow === true);
    return playAll(scenario, { faults, clean: await playTrial(scenario) });
  });
  expect((await Promise.all(found)).flat()).toEqual([]);
});
