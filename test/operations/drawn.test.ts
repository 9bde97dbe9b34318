import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { API_VERSION, type DebugSession, KIND } from '../../src/api/debugsession.ts';
import { TERMINAL_PHASES } from '../../src/api/reasons.ts';
import { ApiError } from '../../src/kube/api-error.ts';
import { podsPath, sessionsPath } from '../../src/reconcile/session-api.ts';
import { busyboxImage } from '../cluster/image-names.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';
import { testMeanwhile } from './meanwhile.ts';
import { drawnSpecs, type DrawnSpec } from './drawn-specs.ts';

// Specs drawn from the schema of the CRD, on a real kubelet. The API server takes or refuses them. Each that it takes
// comes to an end when it is cancelled, and runs at its next attempt with a good spec. PROPERTY_SEED chooses other
// ones, OPERATIONS_LIVES more of them.

const LIVES = Number(process.env['OPERATIONS_LIVES'] ?? 30) * 2;
const SEED = Number(process.env['PROPERTY_SEED'] ?? 20_261_129);
/** Sessions at once: each has a pod of its own. */
const LANES = 5;

const since = new Date().toISOString();
let stage: Stage;
const tally = { taken: 0, refused: 0 };

beforeAll(async () => {
  stage = await Stage.open('drawn');
});

afterAll(() => stage.close());

/** What is wrong with one of them, in sentences. */
async function live(drawn: DrawnSpec, index: number): Promise<string[]> {
  const name = `drawn-${index}`;
  // Every third waits for its pod.
  const hasPod = index % 3 !== 0;
  if (hasPod) await stage.runningPod(name, appPod());
  const spec = { ...drawn, target: { podName: name }, startTimeout: '5s' };
  const answer = await create(name, spec);
  if (answer instanceof ApiError) {
    tally.refused += 1;
    if (hasPod) await stage.deletePod(name, 0);
    // Each says where, and that it is the request which is wrong.
    const isClear = [400, 403, 422].includes(answer.code) && answer.message.includes('spec');
    return isClear ? [] : [`${name} is refused with ${answer.code} ${answer.message}`];
  }
  tally.taken += 1;
  await stage.untilSession(name, ({ status }) => status?.phase !== undefined);
  await stage.changeSession(name, { cancel: true });
  const over = await stage.untilSession(name, isOver);
  if (!hasPod) await stage.runningPod(name, appPod());
  const attempt = over.spec.attempt + 1;
  await stage.changeSession(name, goodEdit(drawn, attempt));
  const waitsForPod = (s: DebugSession): boolean => messageOf(s).includes('or its pod is gone');
  const hasRun = (s: DebugSession): boolean => s.status?.attempt === attempt && isOver(s);
  if (waitsForPod(await stage.untilSession(name, (s) => hasRun(s) || waitsForPod(s)))) await replacePod(name);
  const { status } = await stage.untilSession(name, hasRun);
  const standing = ephemeralNames(await stage.pod(name));
  await stage.deletePod(name, 0);
  const { phase, exitCode, reason, runs = [] } = status ?? {};
  const unknown = standing.filter((one) => !runs.some(({ debugContainerName }) => debugContainerName === one));
  return [
    ...(phase === 'Completed' && exitCode === 0 ? [] : [`${name} is ${phase} with ${exitCode}: ${reason}`]),
    ...unknown.map((one) => `${name} has no record of container ${one}`),
  ];
}

/** What a session waits for that has an attempt to start. */
function messageOf({ status }: DebugSession): string {
  return status?.conditions?.find(({ reason }) => reason === 'PreviousRunNotOver')?.message ?? '';
}

/** What the message says for a container that may still start, and that nothing inside would end. */
async function replacePod(name: string): Promise<void> {
  await stage.deletePod(name);
  await stage.untilGone(podsPath(stage.namespace), name);
  await stage.runningPod(name, appPod());
}

function create(name: string, spec: object): Promise<unknown> {
  const body = { apiVersion: API_VERSION, kind: KIND, metadata: { name }, spec };
  return stage.client.create(sessionsPath(stage.namespace), body).catch((error: unknown) => error);
}

/** Takes back all that was drawn. */
function goodEdit(drawn: DrawnSpec, attempt: number): object {
  const nothing = Object.fromEntries(Object.keys(drawn).map((field) => [field, null]));
  return { ...nothing, cancel: null, startTimeout: null, image: busyboxImage, command: ['true'], attempt };
}

function isOver({ status }: DebugSession): boolean {
  return status?.phase !== undefined && TERMINAL_PHASES.includes(status.phase);
}

it('a session of any spec is refused in clear words, or ends when it is cancelled and runs at its next attempt', async () => {
  const left = [...drawnSpecs(LIVES, SEED).entries()];
  const wrong: string[] = [];
  const lane = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, drawn] = next;
      const found = await live(drawn, index).catch((error: unknown) => [`drawn-${index}: ${String(error)}`]);
      wrong.push(...found.map((what) => `${what}\n  ${JSON.stringify(drawn).slice(0, 500)}`));
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  process.stderr.write(`drawn specs: ${LIVES}, ${tally.refused} of them refused by the API server\n`);
  expect(wrong).toEqual([]);
  expect(tally.taken).toBeGreaterThan(LIVES / 4);
  expect(tally.refused).toBeGreaterThan(LIVES / 10);
});

testMeanwhile(() => stage, { since, least: LIVES });
