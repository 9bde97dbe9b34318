import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ApiError } from '../../src/kube/api-error.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import { shellPod } from '../support/pods.ts';
import { Stage } from '../support/stage.ts';

// What the attach guard costs an exec where a namespace is full of sessions that are over.

const SESSIONS = 10_000;
const ROUNDS = 30;
/** Three times what was measured (docs/adr/0020). */
const BOUND_MS = 30;
let guarded: Stage;
let unguarded: Stage;

beforeAll(async () => {
  guarded = await Stage.open('guard-cost', { operator: false });
  unguarded = await Stage.open('guard-cost-without', { operator: false });
  await Promise.all([guarded, unguarded].map((stage) => stage.runningPod('web', shellPod('sleep 3600'))));
  await bindOutside([unguarded.namespace]);
  const names = Array.from({ length: SESSIONS }, (_, index) => `over-${index}`);
  const make = async (): Promise<void> => {
    for (let name = names.pop(); name !== undefined; name = names.pop())
      await guarded.createSession(name, { target: { podName: 'web' }, cancel: true });
  };
  await Promise.all(Array.from({ length: 32 }, make));
}, 300_000);

afterAll(async () => {
  await bindOutside(undefined);
  await Promise.all([guarded, unguarded].map((stage) => stage.close()));
  // Another file takes the resource away, which waits for all of them.
  const gone = ['wait', '--for=delete', `namespace/${guarded.namespace}`, '--timeout=170s'];
  expect(await guarded.cluster.kubectl(gone, { timeoutMs: 175_000 })).toMatchObject({ code: 0 });
}, 240_000);

/** Binds the guard to all namespaces but these. Undefined: to all, as it is shipped. */
async function bindOutside(namespaces: string[] | undefined): Promise<void> {
  const outside = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: namespaces };
  const matchResources = namespaces && { namespaceSelector: { matchExpressions: [outside] } };
  const patch = JSON.stringify({ spec: { matchResources: matchResources ?? null } });
  const binding = 'validatingadmissionpolicybinding/debugsession-guard';
  const patched = await guarded.kubectl(['patch', binding, '--type=merge', `--patch=${patch}`]);
  expect(patched).toMatchObject({ code: 0 });
}

/** An exec that goes through all of admission, and then has no such container: no kubelet's time is in it. In ms. */
async function execTime({ client, namespace }: Stage): Promise<number> {
  const begin = performance.now();
  const query = { container: 'debug-ffffffff-1', command: 'true', stdout: 'true' };
  const answer = await client
    .create(`${podsPath(namespace)}/web/exec?${new URLSearchParams(query).toString()}`, {})
    .catch((error: unknown) => error);
  const took = performance.now() - begin;
  expect(answer).toBeInstanceOf(ApiError);
  expect(answer).toMatchObject({ code: 400 });
  return took;
}

/** The time within which this part of them were answered. */
const quantile = (times: readonly number[], part: number): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * part)] ?? NaN;

it(`an exec beside ${SESSIONS} sessions that are over costs no more than some ms above one without the guard`, async () => {
  const times: Record<'with' | 'without', number[]> = { with: [], without: [] };
  // The first few make connections and fill caches.
  for (let round = -5; round < ROUNDS; round += 1) {
    const [withGuard, without] = [await execTime(guarded), await execTime(unguarded)];
    if (round < 0) continue;
    times.with.push(withGuard);
    times.without.push(without);
  }
  for (const [words, part] of [
    ['fastest', 0],
    ['p50', 0.5],
  ] as const) {
    const [dear = '', cheap = ''] = [times.with, times.without].map((each) => quantile(each, part).toFixed(1));
    process.stdout.write(`exec, ${words} of ${ROUNDS}: ${dear} ms with the guard, ${cheap} ms without\n`);
  }
  // The fastest say what it costs, the others what else the machine has to do.
  expect(quantile(times.with, 0) - quantile(times.without, 0)).toBeLessThan(BOUND_MS);
});
