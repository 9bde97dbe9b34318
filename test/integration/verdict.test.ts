import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DebugPolicySpec, POLICY_KIND } from '../../src/api/debugpolicy.ts';
import { API_VERSION, KIND } from '../../src/api/debugsession.ts';
import { checkPolicies } from '../../src/cli/policy-check.ts';
import { apiServer, type ApiServer, kubectl } from '../support/cluster/api-server.ts';
import { OPERATOR_NAMESPACE } from '../support/cluster/installation.ts';
import { debugPolicySchema, debugSessionSchema } from '../support/documents/crd.ts';
import { OPEN_POLICY } from '../support/builders/open-policy.ts';
import { IMAGES, PATTERNS, somePolicy, someSession } from './arbitraries.ts';
import { Door, ownVerdict, type Place, type Spec } from './door.ts';

// The API server (config/admission/verdict-policy.yaml) and the operator (src/policy) give one verdict in one text.

const LABELLED = `verdict-${process.pid}`;
const SYSTEM = `kube-verdict-${process.pid}`;
const OF_USERS = { env: 'production', team: 'shop', tier: '' };
let server: ApiServer;
let door: Door;
let places: Place[];

beforeAll(async () => {
  server = await apiServer();
  door = new Door(server, LABELLED);
  const namespaces = [
    { name: LABELLED, labels: OF_USERS },
    { name: SYSTEM, labels: {} },
    { name: OPERATOR_NAMESPACE, labels: undefined },
  ];
  for (const metadata of namespaces.slice(0, 2)) await server.post('/api/v1/namespaces', { metadata });
  places = await Promise.all(
    namespaces.map(async ({ name }) => {
      const { body } = await server.get(`/api/v1/namespaces/${name}`);
      const { labels = {} } = body['metadata'] as { labels?: Record<string, string> };
      return { name, labels };
    }),
  );
});

afterAll(async () => {
  await door.close();
  await kubectl('delete', 'namespace', LABELLED, SYSTEM, '--wait=false');
  server.close();
});

/** Each verdict of the API server beside that of the operator. */
async function expectOneTruth(policy: DebugPolicySpec, asked: readonly (readonly [Place, Spec])[]): Promise<string[]> {
  const name = await door.policy(policy);
  const theirs = await Promise.all(asked.map(([place, spec]) => door.verdict(place, name, spec)));
  const ours = asked.map(([place, spec]) => ownVerdict(place, name, policy, spec));
  await door.remove(name);
  expect(theirs).toEqual(ours);
  return ours;
}

it('the API server and the operator give one verdict on random sessions under random policies', async () => {
  const refused = { some: 0, none: 0 };
  const asked = fc.array(fc.tuple(fc.constantFrom(0, 0, 0, 1, 2), someSession), { minLength: 8, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(somePolicy, asked, async (policy, sessions) => {
      const here = sessions.map(([index, spec]) => [places[index] ?? { name: '', labels: {} }, spec] as const);
      for (const verdict of await expectOneTruth(policy, here)) refused[verdict === '' ? 'none' : 'some'] += 1;
    }),
    // To shrink takes minutes, and the difference of two texts says enough.
    { numRuns: 100, endOnFailure: true },
  );
  // Both directions: each verdict was among them.
  expect([refused.some, refused.none].every((count) => count > 5)).toBe(true);
});

it('kubectl dbg check gives the reasons of the API server', async () => {
  const policy = { profiles: ['baseline' as const], requireNotAfter: true, require: ['NoJoin' as const] };
  const [place = { name: '', labels: {} }] = places;
  const name = await door.policy(policy);
  const spec = { policyName: name, target: { podName: 'web', containerName: 'app' }, image: 'busybox', ttl: '5h' };
  const kinds = { apiVersion: API_VERSION, metadata: { name, namespace: place.name } };
  const texts = [
    { ...kinds, kind: POLICY_KIND, metadata: { name }, spec: policy },
    { ...kinds, kind: KIND, spec },
  ].map((object) => ({ source: 'here', text: JSON.stringify(object) }));
  const schemas = { policy: debugPolicySchema(), session: debugSessionSchema() };
  const report = checkPolicies(texts, { schemas, namespace: place.name });
  const [, ...reasons] = report.kind === 'judged' ? report.lines : [];
  expect(reasons.length).toBe(6);
  const words = `DebugPolicy ${name} does not allow this: ${reasons.map((reason) => reason.trim()).join('; ')}`;
  expect(await door.verdict(place, name, spec)).toBe(words);
});

it.each(PATTERNS)(
  'the API server and the operator give one verdict on every image under the pattern %s',
  async (pattern) => {
    const [place = { name: '', labels: {} }] = places;
    await expectOneTruth(
      { ...OPEN_POLICY, images: [pattern] },
      IMAGES.map((image) => [place, { image }]),
    );
  },
);

describe('the largest policies', () => {
  const longImage = `registry.example/${'a/'.repeat(119)}aaa:${'b'.repeat(128)}`;
  const patterns = (pattern: (index: number) => string): string[] => Array.from({ length: 100 }, (_, i) => pattern(i));

  it('the API server judges 100 patterns of 512 characters for the longest path and tag', async () => {
    const [place = { name: '', labels: {} }] = places;
    const images = patterns((index) => `registry.example/${'a'.repeat(490)}${100 + index}:*`);
    expect(images[0]).toHaveLength(512);
    await expectOneTruth({ ...OPEN_POLICY, images }, [[place, { image: longImage }]]);
  });

  it('the API server leaves to the operator what exceeds its cost budget', async () => {
    const [place = { name: '', labels: {} }] = places;
    const images = patterns((index) => `registry.example/${'a*'.repeat(245)}${100 + index}:*`);
    const name = await door.policy({ ...OPEN_POLICY, images });
    expect(await door.verdict(place, name, { image: longImage })).toBe('');
    expect(ownVerdict(place, name, { ...OPEN_POLICY, images }, { image: longImage })).toContain('is not allowed');
  });
});
