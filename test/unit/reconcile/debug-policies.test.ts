import { afterEach, expect, it } from '@jest/globals';
import type { DebugPolicySpec } from '../../../src/api/debugpolicy.ts';
import { BUILT_IN_POLICY } from '../../../src/policy/built-in.ts';
import { DebugPolicies } from '../../../src/reconcile/debug-policies.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { settle } from '../../support/fakes/fake-clock.ts';
import { FakeSource } from '../../support/fakes/fake-source.ts';

const OURS: DebugPolicySpec = { images: ['registry.example/tools:1'] };
const FOUND = { kind: 'found', spec: OURS };
const BUILT_IN = { kind: 'found', spec: BUILT_IN_POLICY };
const ABSENT = { kind: 'absent' };

const ends: (() => Promise<void>)[] = [];
afterEach(() => Promise.all(ends.splice(0).map((end) => end())));

const policy = (name: string, resourceVersion = '5') => ({
  metadata: { name, uid: `uid-${name}`, resourceVersion },
  spec: OURS,
});

const page = (...names: string[]) => ({
  metadata: { resourceVersion: '10' },
  items: names.map((name) => policy(name)),
});

/** Those of a cluster whose lists are answered so; `changes` counts what was told. */
async function read(answer: ConstructorParameters<typeof FakeSource>[0]) {
  const source = new FakeSource(answer);
  const told = { changes: 0 };
  const policies = new DebugPolicies({ source, onChange: () => (told.changes += 1), logger: silentLogger });
  const abort = new AbortController();
  const running = policies.run(abort.signal);
  ends.push(() => {
    abort.abort();
    return running;
  });
  await settle();
  return { policies, source, told };
}

it.each([
  ['no object', page(), { default: BUILT_IN, platform: ABSENT }],
  ['an object of another name', page('platform'), { default: BUILT_IN, platform: FOUND }],
  ['an object named default', page('default'), { default: FOUND, platform: ABSENT }],
])('the built-in policy stands only for an absent policy named default: %s', async (_, answer, views) => {
  const { policies } = await read(answer);
  expect({ default: policies.get('default'), platform: policies.get('platform') }).toEqual(views);
});

it.each([
  ['that are not answered', 'hang' as const, 'the policies have not been read yet'],
  ['that are refused', Object.assign(new Error('no right to list'), { code: 403 }), 'no right to list'],
])('the operator knows no policy after lists %s, not even the built-in policy', async (_, answer, message) => {
  const { policies } = await read(answer);
  for (const name of ['default', 'platform'])
    expect(policies.get(name)).toEqual({ kind: 'unread', message: expect.stringContaining(message) });
});

it('an object named default replaces the built-in policy until it is deleted, and each change is told', async () => {
  const { policies, source, told } = await read(page());
  source.open.send('ADDED', policy('default', '11'));
  await settle();
  expect([policies.get('default'), told.changes]).toEqual([FOUND, 1]);
  source.open.send('DELETED', policy('default', '12'));
  await settle();
  expect([policies.get('default'), told.changes]).toEqual([BUILT_IN, 2]);
});
