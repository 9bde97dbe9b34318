import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { repositoryPath } from '../support/documents/crd.ts';
import { installResourceAndRights } from '../support/jest/global-setup.ts';
import { shellPod } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';
import { Visitor } from '../support/cluster/visitor.ts';

// Whatever is installed or taken away, and in whatever order: nobody is kept from a container that is none of a
// session.

let stage: Stage;
let visits = 0;
const refusals: string[] = [];
const admission = (...names: string[]): string[] =>
  names.flatMap((name) => ['', '-binding'].map((end) => `config/admission/${name}-policy${end}.yaml`));

/** What belongs together. */
const PARTS: Record<string, readonly string[]> = {
  crd: ['crds/debugsessions.debugsession.dev.yaml'],
  policies: admission('requester', 'fill-in-requester'),
  guard: admission('guard', 'confine'),
};
const ORDERS = [
  ['crd', 'policies', 'guard'],
  ['crd', 'guard', 'policies'],
  ['policies', 'crd', 'guard'],
  ['policies', 'guard', 'crd'],
  ['guard', 'crd', 'policies'],
  ['guard', 'policies', 'crd'],
] as const;

beforeAll(async () => {
  stage = await Stage.open('guard-orders', { operator: false });
  const role = ['create', 'role', 'insider', '--verb=get,create', '--resource=pods,pods/exec'];
  const binding = ['create', 'rolebinding', 'insider', '--role=insider', '--user=eve'];
  for (const args of [role, binding]) expect(await stage.kubectl(args)).toMatchObject({ code: 0 });
  await stage.runningPod('web', shellPod('sleep 3600', { containers: containers('app', 'debug-0123abcd-1') }));
});

afterAll(async () => {
  await installResourceAndRights();
  await stage.close();
});

/** The application, and one that only has a name like those of sessions. */
function containers(...names: string[]): object[] {
  const { containers: made } = shellPod('sleep 3600') as { containers: object[] };
  return names.map((name) => ({ ...made[0], name }));
}

/** Execs into a container again and again, until told to end. */
async function visit(container: string, signal: AbortSignal): Promise<void> {
  const eve = new Visitor(stage, 'eve');
  while (!signal.aborted) {
    const { code, said } = await eve.begin(['exec', 'web', '-c', container, '--', 'true']).end;
    visits += 1;
    if (code !== 0) refusals.push(said);
  }
}

async function files(verb: 'apply' | 'delete', part: string): Promise<void> {
  const named = (PARTS[part] ?? []).map((path) => `--filename=${repositoryPath(path)}`);
  const more = verb === 'delete' ? ['--ignore-not-found', '--timeout=300s'] : [];
  expect(await stage.kubectl([verb, ...named, ...more])).toMatchObject({ code: 0 });
  // What has changed must have come through, and been met.
  const before = visits;
  await stage.until('it was met', () => Promise.resolve(visits >= before + 6));
}

it('the exec guard refuses no other user while it is installed and taken away in every order', async () => {
  const over = new AbortController();
  const visitors = ['app', 'debug-0123abcd-1'].map((container) => visit(container, over.signal));
  try {
    for (const [index, order] of ORDERS.entries()) {
      for (const part of order) await files('delete', part);
      for (const part of ORDERS[(index + 3) % ORDERS.length] ?? []) await files('apply', part);
    }
  } finally {
    over.abort();
    await Promise.all(visitors);
  }
  expect(refusals).toEqual([]);
  expect(visits).toBeGreaterThan(100);
});
