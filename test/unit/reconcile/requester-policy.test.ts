import { readFileSync } from 'node:fs';
import { afterEach, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { REQUESTER_POLICY, RequesterPolicyWatch } from '../../../src/reconcile/requester-policy.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { repositoryPath } from '../../support/documents/crd.ts';
import { settle } from '../../support/fakes/fake-clock.ts';
import { FakeSource } from '../../support/fakes/fake-source.ts';

// What the operator knows of the policy that says who asks, by what is in the cluster.

type Answer = ConstructorParameters<typeof FakeSource>[0];

const MADE = '2026-11-21T12:00:00Z';
const CHANGED = '2026-11-21T12:05:00Z';
const LATER = '2026-11-21T12:09:00Z';

const ends: (() => Promise<void>)[] = [];
afterEach(() => Promise.all(ends.splice(0).map((end) => end())));

/** Of config/admission. */
function specOf(file: string): Record<string, unknown> {
  const text = readFileSync(repositoryPath(`config/admission/${file}.yaml`), 'utf8');
  return (parse(text) as { spec: Record<string, unknown> }).spec;
}

const POLICY = specOf('requester-policy');
const BINDING = specOf('requester-policy-binding');

/** As 0.1.0 had it: without the live label that stands beside the finalizer at the creation. */
const OF_0_1_0 = JSON.parse(
  JSON.stringify(POLICY).replace(
    / \|\| \(object\.metadata\.labels\['debugsession\.dev\/live'\] == 'true'.+?orValue\(\[\]\)\)(?= :)/,
    '',
  ),
) as unknown;

const page = (...items: object[]) => ({ metadata: { resourceVersion: '10' }, items });

/** The list of the one object of that name. */
function one(spec: unknown, managedFields: { time: string; subresource?: string }[] = []) {
  const metadata = { name: REQUESTER_POLICY, uid: 'uid', resourceVersion: '5', creationTimestamp: MADE, managedFields };
  return page({ metadata, spec });
}

async function follow(answers: { policy?: Answer; binding?: Answer }) {
  const { policy = one(POLICY), binding = one(BINDING) } = answers;
  const sources = { policy: new FakeSource(policy), binding: new FakeSource(binding) };
  const told = { changes: 0 };
  const watch = new RequesterPolicyWatch({
    source: (path) => (path.endsWith('bindings') ? sources.binding : sources.policy),
    onChange: () => (told.changes += 1),
    logger: silentLogger,
  });
  const abort = new AbortController();
  const running = watch.run(abort.signal);
  ends.push(() => {
    abort.abort();
    return running;
  });
  await settle();
  return { watch, sources, told };
}

const unread = (message: string) => ({ kind: 'unread', message });
const missing = (message: RegExp) => ({ kind: 'missing', message: expect.stringMatching(message) });
const refused = Object.assign(new Error('no right to list'), { code: 403 });

it.each<[string, Parameters<typeof follow>[0], object]>([
  ['as shipped', {}, { kind: 'inForce', since: Date.parse(MADE) }],
  [
    'changed and put back',
    { policy: one(POLICY, [{ time: MADE }, { time: CHANGED }]) },
    { kind: 'inForce', since: Date.parse(CHANGED) },
  ],
  [
    'bound anew',
    { policy: one(POLICY, [{ time: MADE }]), binding: one(BINDING, [{ time: CHANGED }]) },
    { kind: 'inForce', since: Date.parse(CHANGED) },
  ],
  [
    'in force with a status that an API server wrote later',
    { policy: one(POLICY, [{ time: CHANGED }, { time: LATER, subresource: 'status' }]) },
    { kind: 'inForce', since: Date.parse(CHANGED) },
  ],
  ['that of 0.1.0', { policy: one(OF_0_1_0) }, { kind: 'inForce', since: Date.parse(MADE) }],
  ['gone', { policy: page() }, missing(/^there is no ValidatingAdmissionPolicy debugsession-requester: /)],
  ['unbound', { binding: page() }, missing(/^there is no ValidatingAdmissionPolicyBinding debugsession-requester: /)],
  [
    'altered to fail open',
    { policy: one({ ...POLICY, failurePolicy: 'Ignore' }) },
    missing(/^ValidatingAdmissionPolicy debugsession-requester is not what this operator knows: /),
  ],
  [
    'bound to audit only',
    { binding: one({ ...BINDING, validationActions: ['Audit'] }) },
    missing(/^ValidatingAdmissionPolicyBinding debugsession-requester is not what this operator knows: /),
  ],
  [
    'not read yet',
    { policy: 'hang' },
    unread('ValidatingAdmissionPolicy debugsession-requester has not been read yet'),
  ],
  ['forbidden to read', { binding: refused }, { kind: 'unread', message: expect.stringContaining('no right to list') }],
])('the operator recognizes a policy on requesters that is %s', async (_words, answers, authority) => {
  const { watch } = await follow(answers);
  expect(watch.authority).toEqual(authority);
});

it('the policy on requesters is in force until an admin deletes it, and the watch tells the change', async () => {
  const { watch, sources, told } = await follow({});
  const before = told.changes;
  const [object] = one(BINDING).items as { metadata: object }[];
  sources.binding.open.send('DELETED', { ...object, metadata: { ...object?.metadata, resourceVersion: '11' } });
  await settle();
  expect(watch.authority).toEqual(missing(/^there is no ValidatingAdmissionPolicyBinding/));
  expect(told.changes).toBe(before + 1);
});
