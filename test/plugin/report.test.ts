import { parse } from 'parse5';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ReportRow } from '../../src/plugin/report/row.ts';
import type { Totals } from '../../src/plugin/report/totals.ts';
import { Dbg } from '../support/cluster/dbg.ts';
import { Person } from '../support/cluster/person.ts';
import { Stage } from '../support/cluster/stage.ts';
import { Guide } from '../support/documents/guide.ts';
import { transcript } from '../support/documents/transcript.ts';

// Sessions that really ran, as an auditor reads of them: olga may only see sessions of this namespace.

interface Read {
  namespace?: string;
  totals: Totals;
  cannotKnow: string[];
  attempts: ReportRow[];
}

let stage: Stage;
let dana: Dbg;
let olga: Dbg;
let admin: Dbg;

beforeAll(async () => {
  stage = await Stage.open('plugin-report');
  await stage.runningPod('web');
  await Person.whoMayAsk(stage, 'dana');
  await new Person(stage, 'olga').bind('clusterrole', 'debugsession-viewer');
  dana = new Dbg(stage, 'dana');
  olga = new Dbg(stage, 'olga');
  admin = new Dbg(stage);
  await dana.run([
    'web',
    '--name=done',
    '--reason==HYPERLINK("x")',
    '--attacher=group:sre',
    '--',
    'sh',
    '-c',
    'exit 3',
  ]);
  await dana.run(['again', 'done', '--reason=<b>again</b>', '--', 'true']);
  await dana.run(['web', '--name=lives', '--detach', '--ttl=10m', '--', 'sleep', '600']);
  await stage.untilPhase('lives', 'Running');
  await stage.createSession('never', { target: { podName: 'never-there' }, cancel: true });
  await stage.untilPhase('never', 'Cancelled');
});

afterAll(async () => {
  for (const dbg of [dana, olga, admin]) dbg.close();
  await stage.close();
});

async function json(who: Dbg, ...flags: string[]): Promise<Read> {
  const { code, stdout, stderr } = await who.run(['report', '-o', 'json', ...flags]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('error') });
  return JSON.parse(stdout) as Read;
}

describe('kubectl dbg report', () => {
  it('a row for each attempt says who was in what, when, why, for how long and how it ended', async () => {
    const { namespace, totals, attempts } = await json(olga);
    expect(namespace).toBe(stage.namespace);
    expect(totals).toMatchObject({ sessions: 3, attempts: 4, people: 2, live: 1, notConfirmed: 0, neverRan: 1 });
    const by = (session: string, attempt: number): ReportRow | undefined =>
      attempts.find((row) => row.session === session && row.attempt === attempt);
    expect(by('done', 1)).toMatchObject({
      namespace: stage.namespace,
      requester: 'dana',
      requesterFrom: 'spec.requestedBy',
      reason: '=HYPERLINK("x")',
      policy: 'default',
      pod: 'web',
      joined: 'app',
      container: expect.stringMatching(/^debug-[0-9a-f]{8}-1$/),
      imageID: expect.stringMatching(/sha256:[0-9a-f]{64}$/),
      command: "sh -c 'exit 3'",
      attachers: ['group sre'],
      state: 'Ended',
      live: false,
      endedBy: 'Command',
      exitCode: 3,
      stopConfirmed: 'True',
    });
    expect(by('done', 2)).toMatchObject({ reason: '<b>again</b>', command: 'true', exitCode: 0 });
    expect(by('lives', 1)).toMatchObject({ state: 'Running', live: true, deadline: expect.any(String) });
    expect(by('lives', 1)).not.toHaveProperty('ended');
    expect(by('never', 1)).toMatchObject({
      pod: 'never-there',
      endReason: 'Cancelled',
      live: false,
      stopConfirmed: 'True',
    });
    expect(by('never', 1)).not.toHaveProperty('started');
    expect(by('never', 1)?.requester).toBe((await stage.session('never')).spec.requestedBy?.username);
    const { status } = await stage.session('done');
    expect(attempts.filter(({ session }) => session === 'done').map(({ started, ended }) => [started, ended])).toEqual(
      status?.runs?.map(({ startedAt, finishedAt }) => [startedAt, finishedAt]).toReversed(),
    );
  });

  it('a report has one user or one period only, if a flag says so', async () => {
    expect((await json(olga, '--requester=dana')).attempts.map(({ session }) => session)).toEqual([
      'lives',
      'done',
      'done',
    ]);
    expect((await json(olga, '--since=30d')).attempts).toHaveLength(4);
    expect((await json(olga, '--until=2020-01-01')).attempts).toEqual([]);
  });

  it('a report has other namespaces only with -A, for a user who may list them', async () => {
    const all = await json(admin, '-A');
    expect(all).not.toHaveProperty('namespace');
    expect(all.attempts.filter(({ namespace }) => namespace === stage.namespace)).toHaveLength(4);
    const { code, stdout, stderr } = await olga.run(['report', '-A']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: .*forbidden.*cluster scope\n {2}leave out --all-namespaces/);
  });

  it('a table has the notes and totals on top', async () => {
    const { code, stdout } = await olga.run(['report']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Debug sessions of namespace \S+, until .*times in UTC\nnote: /);
    expect(stdout).toMatch(/^3 sessions with 4 attempts; 2 requesters; 1 live now;/m);
    expect(stdout).toMatch(/^20\S+ \S+ +done #2 +web +dana +\d+s +Command, exit 0 +yes +<b>again<\/b>$/m);
    expect(stdout).toMatch(/^20\S+ \S+ +lives +web +dana +\S+ +Running +- *$/m);
  });

  it('a CSV has nothing that a spreadsheet computes, and its notes go to standard error', async () => {
    const { stdout, stderr } = await olga.run(['report', '-o', 'csv']);
    expect(stdout.split('\r\n')).toHaveLength(6);
    expect(stdout).toContain(`,"'=HYPERLINK(""x"")",`);
    expect(stderr).toMatch(/^note: The report has the sessions that are in the cluster now\./);
  });

  it('an HTML file has no faults, and shows texts of the cluster as texts', async () => {
    const { code, stdout } = await olga.run(['report', '-o', 'html']);
    const faults: string[] = [];
    parse(stdout, { onParseError: ({ code: fault }) => void faults.push(fault) });
    expect({ code, faults }).toEqual({ code: 0, faults: [] });
    expect(stdout).toContain('&lt;b&gt;again&lt;/b&gt;');
    expect(stdout).not.toContain('<b>again</b>');
    expect(stdout).not.toMatch(/<script|https?:|url\(/);
  });

  it('an error says which flag cannot be used', async () => {
    expect(await olga.run(['report', '--since=soon'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^error: --since must be an age such as 30d/),
    });
    expect(await olga.run(['report', '-o', 'pdf'])).toMatchObject({ code: 2 });
  });

  it('the commands of docs/guides/audit.md answer what the page says', async () => {
    const commands = transcript(new Guide('audit.md').text).filter(({ command }) => command.startsWith('kubectl dbg '));
    expect(commands).toHaveLength(2);
    for (const { command } of commands) {
      const words = command
        .replace(/ > .*$/, '')
        .split(' ')
        .slice(2);
      const who = words.includes('-A') ? admin : olga;
      const { code, stdout } = await who.run(words);
      expect(code).toBe(0);
      expect(stdout).toMatch(words.includes('html') ? /^<!DOCTYPE html>/ : /^Debug sessions of namespace /);
    }
    const [first] = commands;
    const header = /^ASKED .*$/m.exec(first?.shown.join('\n') ?? '')?.[0].split(/ {2,}/);
    const { stdout } = await olga.run(['report', '--since', '30d']);
    expect(/^ASKED .*$/m.exec(stdout)?.[0].split(/ {2,}/)).toEqual(header);
  });

  it('a list of several pages has each session once', async () => {
    // One page has 250.
    const names = Array.from({ length: 260 }, (_, index) => `many-${index}`);
    const sessions = names.map((name) => ({
      apiVersion: 'debugsession.dev/v1alpha1',
      kind: 'DebugSession',
      metadata: { name },
      spec: { target: { podName: 'never-there' }, image: 'docker.io/library/busybox:1.36' },
    }));
    const list = { apiVersion: 'v1', kind: 'List', items: sessions };
    const made = await stage.kubectl(['create', '-f', '-'], JSON.stringify(list));
    expect(made.code).toBe(0);
    const { attempts, totals } = await json(olga);
    expect(totals).toMatchObject({ sessions: 263, attempts: 264 });
    const many = attempts.map(({ session }) => session).filter((name) => name.startsWith('many-'));
    expect(many.toSorted()).toEqual(names.toSorted());
  });
});
