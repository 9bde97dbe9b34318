import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Dbg } from '../support/cluster/dbg.ts';
import { Person } from '../support/cluster/person.ts';
import { Stage } from '../support/cluster/stage.ts';
import { readCast } from '../support/documents/asciicast.ts';

// A person types in a real terminal, and sees it again.

const ESC = '\u001b';

let stage: Stage;
let dana: Dbg;
let olga: Dbg;
const folder = mkdtempSync(join(tmpdir(), 'kubectl-dbg-replay-'));

beforeAll(async () => {
  stage = await Stage.open('plugin-replay');
  await stage.runningPod('web');
  await Person.whoMayAsk(stage, 'dana');
  await new Person(stage, 'olga').bind('clusterrole', 'debugsession-viewer');
  dana = new Dbg(stage, 'dana');
  olga = new Dbg(stage, 'olga');
  const terminal = dana.open(['web', '--name=typed']);
  await terminal.sees(/Session typed runs/);
  await terminal.run('', /[#$] /);
  await terminal.run(
    String.raw`printf '\033[31mred\033[0m \033]0;evil\007\033]52;c;AAAA\007\033[6nend%s\n' ed`,
    /ended/,
  );
  await terminal.run('head -c 50000 /dev/zero | tr "\\0" x; echo; echo l"ast"', /last/);
  terminal.type('exit');
  await terminal.ended();
  await stage.untilPhase('typed', 'Completed');
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  dana.close();
  olga.close();
  await stage.close();
});

describe('kubectl dbg replay', () => {
  it('a replay shows what the screen showed, with its colours, and leaves out what does more than draw', async () => {
    const terminal = dana.open(['replay', 'typed', '--idle-limit=0']);
    const shown = await terminal.ended();
    expect(await terminal.exitCode()).toBe(0);
    expect(shown).toMatch(/This is the log of container debug-\S+-1 in pod web: what its screen showed\./);
    expect(shown).toContain(`${ESC}[31mred${ESC}[0m `);
    expect(shown).toContain('x'.repeat(50_000));
    expect(shown).toMatch(/\nlast\r+\n/);
    expect(shown).toMatch(/Left out: \d+ control sequences/);
    for (const evil of [`${ESC}]0;`, `${ESC}]52;`, `${ESC}[6n`]) expect(shown).not.toContain(evil);
  });

  it('an export is an asciicast v2 with the times of the log', async () => {
    const file = join(folder, 'typed.cast');
    const { code, stderr } = await dana.run(['replay', 'typed', `--export=${file}`, '--size=120x30']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(`Written: ${file}`) });
    const { header, events } = readCast(readFileSync(file, 'utf8'));
    const { status } = await stage.session('typed');
    const begin = Date.parse(status?.startedAt ?? '') / 1000;
    expect(header).toEqual({
      version: 2,
      width: 120,
      height: 30,
      timestamp: begin,
      title: `Session typed in namespace ${stage.namespace}, attempt 1`,
    });
    expect(events.map(([, code_]) => code_)).toEqual(events.map(() => 'o'));
    const all = events.map(([, , data]) => data).join('');
    expect(all).toContain(`${ESC}[31mred${ESC}[0m `);
    expect(all).toContain(`\r\n${'x'.repeat(50_000)}\r\nlast\r\n`);
    // As the screen had it: the line that was typed, and then what it showed.
    expect(all.indexOf('printf')).toBeLessThan(all.indexOf('ended\r\n'));
    const length = Date.parse(status?.runs?.[0]?.finishedAt ?? '') / 1000 - begin;
    expect(events.at(-1)?.[0]).toBeLessThanOrEqual(length + 1);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('an export overwrites no file without --force', async () => {
    const file = join(folder, 'mine.cast');
    writeFileSync(file, 'mine');
    const refused = await dana.run(['replay', 'typed', `--export=${file}`]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/is there already: .*--force/) });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(await dana.run(['replay', 'typed', `--export=${file}`, '--force'])).toMatchObject({ code: 0 });
    expect(readCast(readFileSync(file, 'utf8')).events.length).toBeGreaterThan(3);
    expect(await dana.run(['replay', 'typed', `--export=${folder}/nowhere/a.cast`])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/cannot be written: ENOENT/),
    });
  });

  it('an export of each attempt of a command goes to standard output', async () => {
    await dana.run(['web', '--name=twice', '--', 'echo', 'one']);
    await dana.run(['again', 'twice', '--', 'sh', '-c', 'echo two; echo three']);
    const first = await dana.run(['replay', 'twice', '--attempt=1', '--export=-', '--idle-limit=1']);
    expect(readCast(first.stdout)).toMatchObject({
      header: { width: 80, height: 24, idle_time_limit: 1, title: expect.stringMatching(/attempt 1$/) },
      events: [[expect.any(Number), 'o', 'one\r\n']],
    });
    const second = await dana.run(['replay', 'twice', '--export=-']);
    expect(readCast(second.stdout).events.map(([, , data]) => data)).toEqual(['two\r\n', 'three\r\n']);
  });

  it('Ctrl-C in the middle of a pause stops a replay and resets the terminal', async () => {
    const words = [
      'web',
      '--name=slow',
      '--detach',
      '--',
      'sh',
      '-c',
      'printf "\\033[32mfirst\\n"; sleep 2; echo second',
    ];
    await dana.run(words);
    await stage.untilPhase('slow', 'Completed');
    const terminal = dana.open(['replay', 'slow', '--speed=0.01', '--idle-limit=3600']);
    await terminal.sees(/first/);
    const shown = await terminal.press('\u0003', /Stopped\./);
    expect(shown).toContain(`${ESC}[0m`);
    expect(await terminal.exitCode()).toBe(130);
    expect(await terminal.ended()).not.toContain('second');
  });

  it('an error says why there is nothing to replay', async () => {
    const untaken = await dana.run(['replay', 'typed']);
    expect(untaken).toMatchObject({ code: 2, stderr: expect.stringMatching(/not a terminal: use --export FILE/) });
    expect(await dana.run(['replay', 'typed', '--attempt=7', '--export=-'])).toMatchObject({ code: 1, stdout: '' });
    await dana.run(['web', '--name=silent', '--', 'true']);
    expect(await dana.run(['replay', 'silent', '--export=-'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^error: attempt 1 of session silent has shown nothing/),
    });
    const other = await olga.run(['replay', 'typed', '--export=-']);
    expect(other).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^error: .*forbidden/) });
  });

  it('an error says that the pod is gone, also where another pod has its name', async () => {
    await stage.runningPod('brief');
    await dana.run(['brief', '--name=gone', '--', 'echo', 'hello']);
    await stage.kubectl(['delete', 'pod', 'brief', '--grace-period=1', '--wait']);
    const gone = /^error: pod brief is gone, and the output of session gone with it: kubectl dbg show gone -n /;
    expect(await dana.run(['replay', 'gone', '--export=-'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(gone),
    });
    await stage.runningPod('brief');
    expect(await dana.run(['replay', 'gone', '--export=-'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(gone),
    });
    expect(await dana.run(['logs', 'gone'])).toMatchObject({ code: 1, stderr: expect.stringMatching(gone) });
  });
});
