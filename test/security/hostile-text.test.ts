import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { toldOf } from '../support/cluster/ending.ts';
import { Person } from '../support/cluster/person.ts';
import { appPod } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

// What people and programs write is shown to others, at a terminal: it must not forge a line there, nor move the
// cursor. What names may hold is in test/integration/manifests/invalid.ts and other-namespaces.test.ts, what goes wrong
// around the operator in test/integration/clear-lines.test.ts.

const ESC = '\u001b';
/**
 * Red, a cleared screen, a new title, a line that looks like one of ours, a mark that turns the reading round, and a C1
 * control.
 */
const HOSTILE = `${ESC}[31mx${ESC}[2J${ESC}]0;evil\u0007\r\nFORGED   Completed\u202e\u009b31m\u2028y`;
/** As much of it as a field takes that allows line breaks and nothing else. */
const LINES = 'INC-1\nFORGED   Completed\tby \u202enimda\u2028y';
const FORBIDDEN = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}]/u;
/** A user name as an identity provider may hand it over: HTTP lets no control character through, but marks. */
const EVE = 'eve\u202e@nimda\u200b';

let stage: Stage;
let session: DebugSession;
const target = { podName: 'web' };

beforeAll(async () => {
  stage = await Stage.open('hostile-text');
  await stage.runningPod('web', appPod());
  const eve = await Person.whoMayAsk(stage, EVE);
  const script = `printf '%s' "$WORDS" | tee /dev/termination-log; sleep 3; exit 3`;
  const made = await eve.asks('hostile', {
    command: ['sh', '-c', script, HOSTILE],
    args: [HOSTILE],
    env: [{ name: 'WORDS', value: HOSTILE }],
    justification: LINES,
  });
  expect(made).toMatchObject({ code: 0 });
  session = await stage.untilPhase('hostile', 'Completed');
  await stage.until('the story is told', async () => (await toldOf(stage, 'hostile')).includes('Ended'));
});

afterAll(() => stage.close());

/** A text of several lines, none of which is forged or does something to a terminal. */
function isClean(text: string): void {
  expect(text).not.toBe('');
  expect(text.split('\n').filter((line) => FORBIDDEN.test(line))).toEqual([]);
  expect(text).not.toMatch(/^\s*FORGED/m);
}

it('the session with hostile text ran to its end', () => {
  expect(session.status).toMatchObject({ exitCode: 3, runs: [{ requestedBy: { username: EVE } }] });
});

describe('escape sequences and line breaks', () => {
  it('each event of a session with hostile text is one line', async () => {
    const story = await stage.events('DebugSession', 'hostile');
    expect(story.map(({ reason }) => reason)).toEqual(['Injected', 'Started', 'Ended']);
    for (const { note } of story) {
      isClean(note);
      expect(note).not.toContain('\n');
    }
    expect(story[0]?.note).toMatch(
      /^Injected container .* into pod \S+ for eve @nimda ?: INC-1 FORGED Completed by nimda y$/,
    );
  });

  it('each condition and each text of the record is one line without escape sequences', () => {
    const { conditions = [], runs = [] } = session.status ?? {};
    const { commandLine, justification, message } = runs[0] ?? {};
    for (const words of [commandLine, justification, message, ...conditions.map((one) => one.message)]) {
      isClean(words ?? '');
      expect(words).not.toContain('\n');
    }
  });

  it('each log entry of a session with hostile text is one line without escape sequences', () => {
    const [operator] = stage.operators;
    expect(operator?.garbage).toEqual([]);
    expect(operator?.lines.map(({ requester }) => requester)).toContain(EVE);
  });

  it.each<[string, string[]]>([
    ['kubectl get', ['get', 'dbg']],
    ['kubectl get --output=wide', ['get', 'dbg', '--output=wide']],
    ['kubectl get events', ['get', 'events']],
    ['kubectl events', ['events', '--for=dbg/hostile']],
  ])('the output of %s holds no hostile text that acts on a terminal', async (_words, args) => {
    const { stdout } = await stage.kubectl(args);
    isClean(stdout.replaceAll(EVE, 'eve'));
    expect(stdout).toContain('hostile');
  });

  it('the status in kubectl describe holds no hostile text that acts on a terminal', async () => {
    const { stdout } = await stage.kubectl(['describe', 'dbg', 'hostile']);
    expect(stdout).not.toContain(ESC);
    // The spec above it is what somebody wrote, as kubectl shows it of every object: line by line, escape sequences
    // made visible.
    const status = stdout.slice(stdout.lastIndexOf('\nStatus:\n'));
    expect(status).toContain('StopConfirmed');
    isClean(status.replaceAll(EVE, 'eve'));
  });
});

describe('words of the supervisor that the command writes', () => {
  it.each(['Deadline', 'Stopped'])(
    'the operator does not believe the word "%s" that a command has written',
    async (word) => {
      const name = `says-${word.toLowerCase()}`;
      await stage.createSession(name, {
        target,
        command: ['sh', '-c', `echo ${word} > /dev/termination-log; sleep 1`],
      });
      const { status } = await stage.untilPhase(name, 'Completed');
      expect(status?.runs).toMatchObject([{ state: 'Ended', reason: 'Exited', endedBy: 'Command', exitCode: 0 }]);
    },
  );

  it('the record of a command that claims it never ran still says who was inside, when, and with what', async () => {
    const command = ['sh', '-c', 'echo CommandNotFound > /dev/termination-log; sleep 3'];
    await stage.createSession('denies', { target, command });
    const { status } = await stage.untilSession('denies', (s) => s.status?.completedAt !== undefined);
    expect(status?.runs).toMatchObject([
      {
        requestedBy: { username: expect.any(String) },
        podName: 'web',
        imageID: expect.stringContaining('sha256:'),
        startedAt: expect.any(String),
        finishedAt: expect.any(String),
        exitCode: 0,
      },
    ]);
  });
});
