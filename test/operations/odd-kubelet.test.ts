import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PlayedNode, removeNode } from '../../bench/rig/played-node.ts';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { TERMINAL_PHASES } from '../../src/api/reasons.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import { ephemeralNames } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';
import { testMeanwhile } from './meanwhile.ts';
import { bodyOf, oddLives, type OddStatus } from './odd-statuses.ts';

// A kubelet that writes odd statuses, through the real API server, under an operator. PROPERTY_SEED chooses other ones,
// OPERATIONS_LIVES more of them.

const LIVES = Number(process.env['OPERATIONS_LIVES'] ?? 30);
const SEED = Number(process.env['PROPERTY_SEED'] ?? 20_261_129);
/** Sessions at once. */
const LANES = 10;
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/;

const since = new Date().toISOString();
let stage: Stage;
let node: PlayedNode;
const tally = { taken: 0, refused: 0 };

beforeAll(async () => {
  stage = await Stage.open('odd');
  node = await PlayedNode.start(stage.client, `${stage.namespace}-node`, {});
});

afterAll(async () => {
  node.stop();
  await stage.close();
  await removeNode(stage.client, node.name).catch(() => undefined);
});

/** @returns whether the API server took it */
async function write(pod: string, body: object): Promise<boolean> {
  const path = `${podsPath(stage.namespace)}/${pod}/status`;
  const isTaken = await stage.client.patch(path, body, { type: 'merge' }).then(
    () => true,
    () => false,
  );
  tally[isTaken ? 'taken' : 'refused'] += 1;
  return isTaken;
}

/** One session, from its injection to its end, while the kubelet says what it likes; what is wrong, in sentences. */
async function live(odd: readonly OddStatus[], index: number): Promise<string[]> {
  const name = `life-${index}`;
  await node.runPods(stage.namespace, [name]);
  const target = { podName: name };
  await stage.createSession(name, { target, command: ['true'], ttl: '5s', startTimeout: '5s', supervisor: 'None' });
  const [own = ''] = ephemeralNames(await stage.untilPod(name, (pod) => ephemeralNames(pod).length > 0));
  for (const status of odd) {
    await write(name, bodyOf(status, own));
    // An edit that the operator has to take note of, so that each status is looked at.
    await stage.changeSession(name, { ttl: `${6 + (index % 7)}s` }).catch(() => undefined);
  }
  // The end: half of the pods say at last that the container has ended; then all vanish.
  const terminated = { exitCode: 0, startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:00:01Z' };
  const last = { name: own, ready: false, restartCount: 0, image: '', imageID: '', state: { terminated } };
  const isTold =
    index % 2 === 0 && (await write(name, { status: { phase: 'Running', ephemeralContainerStatuses: [last] } }));
  if (isTold) await stage.untilSession(name, isOver);
  // What is said of another container ID is no end of the one that was seen: such a session is held until its pod
  // goes.
  await stage.deletePod(name, 0);
  const over = await stage.untilSession(name, (s) => isOver(s) && (s.metadata.finalizers ?? []).length === 0);
  const events = await stage.events('DebugSession', name);
  const texts = [...stringsOf(over), ...events.map(({ note }) => note)];
  return texts.filter((text) => UNPRINTABLE.test(text)).map((text) => `${name} says ${JSON.stringify(text)}`);
}

function isOver({ status }: DebugSession): boolean {
  return status?.phase !== undefined && TERMINAL_PHASES.includes(status.phase);
}

function stringsOf({ status }: DebugSession): string[] {
  const found: string[] = [];
  JSON.stringify(status, (_, value: unknown) => {
    if (typeof value === 'string') found.push(value);
    return value;
  });
  return found;
}

it('every session reaches its end in one-line words, whatever a kubelet says of its container', async () => {
  const left = [...oddLives(LIVES, SEED).entries()];
  const wrong: string[] = [];
  const lane = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, odd] = next;
      const found = await live(odd, index).catch((error: unknown) => [`life-${index}: ${String(error)}`]);
      wrong.push(...found);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  process.stderr.write(
    `odd kubelet: ${LIVES} sessions, ${tally.taken} statuses, ${tally.refused} refused by the API server\n`,
  );
  expect(wrong).toEqual([]);
  expect(tally.taken).toBeGreaterThan(LIVES * 2);
});

testMeanwhile(() => stage, { since, least: LIVES });
