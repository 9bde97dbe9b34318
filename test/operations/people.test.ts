import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { Person } from '../support/cluster/person.ts';
import { Stage } from '../support/cluster/stage.ts';

// Several people change the same session in drawn orders: some of their edits are theirs to make, and some are refused.
// PROPERTY_SEED chooses other ones, OPERATIONS_LIVES more of them.

const LIVES = Number(process.env['OPERATIONS_LIVES'] ?? 30) / 3;
const SEED = Number(process.env['PROPERTY_SEED'] ?? 20_261_129);

type Edit = Record<string, unknown>;

/** Edits that anybody might try; `target` and the image are frozen, and nobody but the requester may raise the ttl. */
const edit = fc.constantFrom<Edit>(
  ...['5m', '10m', '20m', '40m', '2h', 'soon'].map((ttl) => ({ ttl })),
  ...['Report', 'EvictPod', 'Delete'].map((ifUnstoppable) => ({ ifUnstoppable })),
  ...['Keep', 'Evict'].map((podAfterSession) => ({ podAfterSession })),
  ...['2999-01-01T00:00:00Z', null].map((notAfter) => ({ notAfter })),
  ...['1h', '24h', null].map((ttlAfterFinished) => ({ ttlAfterFinished })),
  { target: { podName: 'other' } },
  { image: 'docker.io/library/alpine:3' },
  { requestedBy: { username: 'eve' } },
  { attachers: [{ kind: 'User', name: 'eve' }] },
);
/** An attempt that is raised waits for the end of the run, and one that is lowered again was never asked for. */
const attempt = fc.constantFrom<Edit>({ attempt: 2 }, { attempt: 1 });
const step = fc.oneof(
  fc.record({ by: fc.constantFrom('dana', 'eve', 'root'), edit }),
  fc.record({ by: fc.constant('dana'), edit: fc.oneof(edit, attempt) }),
);

/** What Dana asks for in the end. */
const WANTED: Edit = {
  ...{ ttl: '15m', ifUnstoppable: 'EvictPod', podAfterSession: 'Keep' },
  ...{ notAfter: null, ttlAfterFinished: null, attempt: 1 },
};

let stage: Stage;
let people: Record<string, Person>;
const tally = { taken: 0, refused: 0 };

beforeAll(async () => {
  stage = await Stage.open('people');
  const [dana, eve] = await Promise.all(['dana', 'eve'].map((name) => Person.whoMayAsk(stage, name, ['devs'])));
  people = { dana: dana as Person, eve: eve as Person, root: new Person(stage, 'root', ['system:masters']) };
  await stage.runningPod('web', appPod());
});

afterAll(() => stage.close());

async function change(session: string, by: string, spec: Edit): Promise<string> {
  const { code, stderr } = (await people[by]?.patch(session, { spec })) ?? { code: 1, stderr: `no ${by}` };
  tally[code === 0 ? 'taken' : 'refused'] += 1;
  return code === 0 ? '' : stderr.trim();
}

/** Makes a session, has it changed, and ends it; what people see of its end, without times and ids. */
async function lived(name: string, history: readonly { by: string; edit: Edit }[]): Promise<object> {
  expect(await people['dana']?.asks(name, { command: ['sleep', '600'], ttl: '10m' })).toMatchObject({ code: 0 });
  await stage.untilPhase(name, 'Running');
  for (const { by, edit: spec } of history) {
    const refusal = await change(name, by, spec);
    // It names the field or the requester.
    if (refusal !== '') expect(refusal).toMatch(/spec[.:]|this session is dana's/);
  }
  expect(await change(name, 'dana', WANTED)).toBe('');
  await stage.untilSession(
    name,
    ({ metadata, status }) =>
      status?.observedGeneration === metadata.generation &&
      status?.attempt === 1 &&
      status.runs?.[0]?.effective?.ttl === '15m',
  );
  expect(await change(name, 'eve', { cancel: true })).toBe('');
  return lastingOf(
    await stage.untilSession(name, (s) => s.status?.phase === 'Cancelled' && s.metadata.finalizers === undefined),
  );
}

function lastingOf({ spec, status }: DebugSession): object {
  return {
    spec,
    phase: status?.phase,
    reason: status?.reason,
    conditions: status?.conditions?.map(({ type, status: value, reason }) => [type, value, reason]),
    runs: status?.runs?.map(({ attempt: nth, state, endedBy, stop, requestedBy }) => ({
      ...{ attempt: nth, state, endedBy, cause: stop?.cause, requestedBy },
    })),
  };
}

it('the end of a session depends on what was asked for last, whoever changed what before', async () => {
  const histories = fc.sample(fc.array(step, { minLength: 3, maxLength: 9 }), { numRuns: LIVES, seed: SEED });
  const [plain, ...ends] = await Promise.all(
    [[], ...histories].map((history, index) => lived(`edited-${index}`, history)),
  );
  process.stderr.write(`edits by three people: ${tally.taken} taken, ${tally.refused} refused\n`);
  expect(ends).toEqual(ends.map(() => plain));
  expect(plain).toMatchObject({ phase: 'Cancelled', runs: [{ attempt: 1, endedBy: 'Exec' }] });
  expect(ephemeralNames(await stage.pod('web'))).toHaveLength(histories.length + 1);
  expect(Math.min(tally.taken, tally.refused)).toBeGreaterThan(LIVES);
});
