import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Condition, DebugSession, Run } from '../../src/api/debugsession.ts';
import { appPod } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

// A command writes the words of its supervisor into its termination log, to be recorded as one that did not run and to
// keep its pod from `podAfterSession: Evict`. A neighbour in the same process namespace writes them into another's.

interface Forgery {
  name: string;
  script: string;
  record: Partial<Run>;
}

const say = (word: string, code: number): string => `echo ${word} >/dev/termination-log; exit ${code}`;
const ran = { state: 'Ended', reason: 'Exited', endedBy: 'Command' } as const;

const FORGERIES: Forgery[] = [
  ...[
    { word: 'CommandNotFound', code: 127 },
    { word: 'Unsupported', code: 125 },
    { word: 'TooLate', code: 125 },
    { word: 'Deadline', code: 129 },
    { word: 'Stopped', code: 143 },
  ].map(({ word, code }) => ({
    name: `${word.toLowerCase()}-later`,
    script: `sleep 6; ${say(word, code)}`,
    // 143 is the code of a signal, and a forged word is no evidence of what has sent it.
    record: { ...ran, said: word, exitCode: code, ...(code === 143 && { endedBy: 'Unknown' as const }) },
  })),
  ...['TooLate', 'Deadline', 'Stopped'].map((word) => ({
    name: `${word.toLowerCase()}-at-once`,
    script: say(word, 125),
    record: { ...ran, said: word, exitCode: 125 },
  })),
  { name: 'wrong-code', script: say('CommandNotFound', 1), record: { ...ran, said: 'CommandNotFound', exitCode: 1 } },
  // What can still be forged: the reason of three seconds. It keeps nothing in the pod.
  {
    name: 'not-found-at-once',
    script: say('CommandNotFound', 127),
    record: { state: 'Failed', reason: 'CommandNotFound', said: 'CommandNotFound', exitCode: 127 },
  },
];

/**
 * Writes into the termination log of somebody else's container, and kills its first process. A process that rests for
 * the supervisor is named like the watchdog and soon gone. So the script goes up from any process of that name to the
 * one whose parent is outside of the namespace, and tries until it has killed one.
 */
const ATTACKER = `
sleep 4
until [ "$killed" ]; do
  for p in /proc/[0-9]*; do
    read -r comm <$p/comm && [ "$comm" = debug-watchdog ] && ! [ $p/ns/mnt -ef /proc/self/ns/mnt ] || continue
    first=\${p#/proc/} parent=
    while read -r stat </proc/$first/stat; do
      set -- \${stat##*) }
      parent=$2
      [ $parent != 0 ] || break
      first=$parent
    done
    [ "$parent" = 0 ] && echo CommandNotFound >/proc/$first/root/dev/termination-log && kill -9 $first && killed=1 && break
  done
  sleep .2
done`;

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('forged');
  const pods = [...FORGERIES.map(({ name }) => name), 'shared'];
  await Promise.all(pods.map((name) => stage.runningPod(name, appPod())));
  const ask = ({ name, script }: Forgery) =>
    stage.createSession(name, {
      ...{ target: { podName: name }, ttl: '10m', podAfterSession: 'Evict' },
      command: ['sh', '-c', script],
    });
  await Promise.all(FORGERIES.map(ask));
});

afterAll(() => stage.close());

function retirement({ status }: DebugSession): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === 'PodRetired');
}

describe('a word that a command has written', () => {
  it.each(FORGERIES)(
    'the record keeps the forged word of $name as said, and the operator retires its pod',
    async ({ name, record }) => {
      const over = await stage.untilSession(name, (session) => retirement(session)?.status === 'True');
      expect(over.status?.runs).toMatchObject([{ ...record, startedAt: expect.anything() }]);
      await stage.untilGone(`/api/v1/namespaces/${stage.namespace}/pods`, name);
    },
  );
});

it('the record does not believe a word that a command of another container has written', async () => {
  const target = { podName: 'shared', containerName: 'app' };
  await stage.createSession('victim', { target, ttl: '10m', command: ['sleep', '600'] });
  await stage.untilPhase('victim', 'Running');
  await stage.createSession('attacker', { target, ttl: '1m', command: ['sh', '-c', ATTACKER] });
  const over = await stage.untilSession('victim', ({ status }) => status?.runs?.[0]?.finishedAt !== undefined);
  expect(over.status).toMatchObject({
    phase: 'Completed',
    runs: [{ state: 'Ended', reason: 'Exited', said: 'CommandNotFound', exitCode: 137 }],
  });
});
