import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { castLines, type CastHead } from '../../../../src/plugin/replay/asciicast.ts';
import { pauseOf, play } from '../../../../src/plugin/replay/play.ts';
import { ScreenFilter } from '../../../../src/plugin/replay/screen-filter.ts';
import type { TimedLine } from '../../../../src/plugin/replay/timed-line.ts';
import { readCast } from '../../../support/documents/asciicast.ts';

const BEGIN = Date.parse('2026-11-28T10:00:00Z');
const HEAD: CastHead = { begin: BEGIN, title: 'Session web', size: { columns: 80, rows: 24 } };

function cast(lines: readonly TimedLine[], head: Partial<CastHead> = {}): string {
  return [...castLines(lines, new ScreenFilter(), { ...HEAD, ...head })].join('');
}

describe('an asciicast', () => {
  it('an asciicast has a header, and an event for each line in seconds since the start', () => {
    const lines = [
      { at: BEGIN + 1_250, text: '/ # ls\r\n' },
      { at: BEGIN + 3_000, text: 'bin\r\n' },
    ];
    expect(readCast(cast(lines))).toEqual({
      header: { version: 2, width: 80, height: 24, timestamp: BEGIN / 1000, title: 'Session web' },
      events: [
        [1.25, 'o', '/ # ls\r\n'],
        [3, 'o', 'bin\r\n'],
      ],
    });
  });

  it('the header of an asciicast names the size and the longest pause of the flags', () => {
    const { header } = readCast(cast([{ at: BEGIN, text: 'a' }], { size: { columns: 120, rows: 30 }, idleLimit: 1.5 }));
    expect(header).toMatchObject({ width: 120, height: 30, idle_time_limit: 1.5 });
  });

  it('an asciicast begins with its first line where the clocks of node and API server differ', () => {
    const { header, events } = readCast(cast([{ at: BEGIN - 2_000, text: 'a' }]));
    expect(header.timestamp).toBe(BEGIN / 1000 - 2);
    expect(events[0]?.[0]).toBe(0);
  });

  it('an asciicast holds the text that draws, and no event for a line that was left out', () => {
    const lines = [
      { at: BEGIN, text: '\u001b]52;c;AAAA\u0007' },
      { at: BEGIN, text: '\u001b[31mred' },
    ];
    expect(readCast(cast(lines)).events).toEqual([[0, 'o', '\u001b[31mred']]);
  });

  it('the title of an asciicast is printable', () => {
    expect(readCast(cast([], { title: 'a\u001b[2J\nb' })).header.title).toBe('a [2J b');
  });
});

describe('the pause before a line', () => {
  it.each([
    ['as it was', 1_500, { speed: 1, idleLimit: 2 }, 1_500],
    ['twice as fast', 3_000, { speed: 2, idleLimit: 2 }, 1_500],
    ['at half the speed', 500, { speed: 0.5, idleLimit: 2 }, 1_000],
    ['no longer than the limit', 60_000, { speed: 1, idleLimit: 2 }, 2_000],
    ['left out with the limit 0', 60_000, { speed: 1, idleLimit: 0 }, 0],
  ])('the pause before a line is %s', (_, gap, pace, pause) => {
    expect(pauseOf(gap, pace)).toBe(pause);
  });
});

describe('play', () => {
  const lines = [
    { at: BEGIN, text: 'one\r\n' },
    { at: BEGIN + 3_600_000, text: 'two\r\n' },
  ];

  it('play shows all lines, and then resets the terminal', async () => {
    const out = new PassThrough({ encoding: 'utf8' });
    const { signal } = new AbortController();
    const filter = new ScreenFilter();
    expect(await play(out, lines, filter, { speed: 1, idleLimit: 0, signal })).toBe(true);
    expect(out.read()).toBe(`one\r\ntwo\r\n${filter.reset()}`);
  });

  it('play stops in the middle of a pause, and resets the terminal', async () => {
    const out = new PassThrough({ encoding: 'utf8' });
    const stop = new AbortController();
    const filter = new ScreenFilter();
    const played = play(out, lines, filter, { speed: 1, idleLimit: 3_600, signal: stop.signal });
    stop.abort();
    expect(await played).toBe(false);
    expect(out.read()).toBe(`one\r\n${filter.reset()}`);
  });
});
