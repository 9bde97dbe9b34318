import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { POLICY_KIND } from '../../src/api/debugpolicy.ts';
import { API_VERSION } from '../../src/api/debugsession.ts';
import { repositoryPath } from '../support/documents/crd.ts';
import { installResourceAndRights } from '../support/jest/global-setup.ts';
import { OPEN_POLICY } from '../support/builders/open-policy.ts';
import { Stage } from '../support/cluster/stage.ts';

// DebugPolicies, the verdict on them and its binding come and go in every order, under a running operator.

const PARTS = {
  policies: 'crds/debugpolicies.debugsession.dev.yaml',
  verdict: 'config/admission/verdict-policy.yaml',
  binding: 'config/admission/verdict-policy-binding.yaml',
} as const;
type Part = keyof typeof PARTS;
const ORDERS: readonly (readonly Part[])[] = [
  ['policies', 'verdict', 'binding'],
  ['policies', 'binding', 'verdict'],
  ['verdict', 'policies', 'binding'],
  ['verdict', 'binding', 'policies'],
  ['binding', 'policies', 'verdict'],
  ['binding', 'verdict', 'policies'],
];
const STRICT = 'verdict-orders-strict';
const target = { podName: 'web' };

let stage: Stage;
let rounds = 0;
/** What the API server said of people who do nothing that it should judge. */
const hindered: string[] = [];
const refused: string[] = [];
const letIn: string[] = [];

beforeAll(async () => {
  stage = await Stage.open('verdict-orders');
  await stage.runningPod('web');
  await makeStrict();
  await stage.createSession('cancelled', { target, cancel: true });
});

afterAll(async () => {
  await installResourceAndRights();
  await stage.kubectl(['delete', 'debugpolicy', STRICT, '--ignore-not-found']);
  await stage.close();
});

async function must(args: string[], input?: string): Promise<void> {
  expect(await stage.kubectl(args, input)).toMatchObject({ code: 0 });
}

/** It allows no image. The API server may not serve its kind yet. */
async function makeStrict(): Promise<void> {
  const policy = { apiVersion: API_VERSION, kind: POLICY_KIND, metadata: { name: STRICT } };
  const input = JSON.stringify({ ...policy, spec: { ...OPEN_POLICY, images: [] } });
  await stage.until('there is the policy', async () => (await stage.kubectl(['apply', '-f', '-'], input)).code === 0);
}

async function apply(part: Part): Promise<void> {
  await must(['apply', `--filename=${repositoryPath(PARTS[part])}`]);
  if (part === 'policies') await makeStrict();
}

function remove(part: Part): Promise<void> {
  return must(['delete', `--filename=${repositoryPath(PARTS[part])}`, '--timeout=300s']);
}

/** Asks for what the policy forbids. Whatever was changed before has come through by the second round of the others. */
async function askForForbidden(): Promise<void> {
  const before = rounds;
  const name = `forbidden-${refused.length + letIn.length}`;
  await stage.createSession(name, { target, policyName: STRICT, command: ['true'] }).then(
    () => letIn.push(name),
    (error: unknown) => refused.push(String(error)),
  );
  await stage.until('others went on', () => Promise.resolve(rounds >= before + 2));
}

/** Changes that no DebugPolicy is about, again and again, until told to end. */
async function liveOn(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const label = `--overwrite round=${rounds}`.split(' ');
    const all = [
      await stage.kubectl(['label', 'dbg', 'cancelled', ...label]),
      await stage.kubectl(['create', 'configmap', 'other', '--dry-run=server']),
    ];
    hindered.push(...all.filter(({ code }) => code !== 0).map(({ stderr }) => stderr));
    rounds += 1;
  }
}

it('the operator judges every session that comes while the verdict is installed and taken away', async () => {
  const over = new AbortController();
  const others = liveOn(over.signal);
  try {
    await askForForbidden();
    for (const [index, order] of ORDERS.entries()) {
      for (const part of order) {
        await remove(part);
        await askForForbidden();
      }
      for (const part of ORDERS[(index + 3) % ORDERS.length] ?? []) {
        await apply(part);
        await askForForbidden();
      }
    }
  } finally {
    over.abort();
    await others;
  }
  expect(hindered).toEqual([]);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.filter((words) => !words.includes('is not allowed (allowed: none)'))).toEqual([]);
  expect(letIn.length).toBeGreaterThan(0);
  for (const name of letIn) {
    const { status } = await stage.untilPhase(name, 'Failed');
    expect(status?.conditions?.find(({ type }) => type === 'Accepted')).toMatchObject({ reason: 'PolicyDenied' });
  }
  expect((await stage.pod('web')).spec?.ephemeralContainers ?? []).toEqual([]);
});

it('a session that its policy allows runs after all that', async () => {
  await installResourceAndRights();
  await stage.createSession('allowed', { target, command: ['true'] });
  await stage.untilPhase('allowed', 'Completed');
});
