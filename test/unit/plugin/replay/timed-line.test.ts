import { describe, expect, it } from '@jest/globals';
import { timedLines } from '../../../../src/plugin/replay/timed-line.ts';

function read(text: string): [string, string][] {
  return timedLines(Buffer.from(text)).map(({ at, text: line }) => [new Date(at).toISOString(), line]);
}

const ONE = '2026-11-28T10:00:00.123456789Z';
const TWO = '2026-11-28T10:00:01.5Z';

describe('the lines of a log with times', () => {
  it('a line of the log has its time, and the CR that the runtime took away', () => {
    expect(read(`${ONE} / # ls\n${TWO} bin  etc\n`)).toEqual([
      ['2026-11-28T10:00:00.123Z', '/ # ls\r\n'],
      ['2026-11-28T10:00:01.500Z', 'bin  etc\r\n'],
    ]);
  });

  it('a line of the log has one CR where the runtime left it', () => {
    expect(read(`${ONE} a\r\n`)).toEqual([['2026-11-28T10:00:00.123Z', 'a\r\n']]);
  });

  it('a line of the log keeps the CRs inside, which a progress bar needs', () => {
    expect(read(`${ONE} 1%\r2%\r3%\n`)).toEqual([['2026-11-28T10:00:00.123Z', '1%\r2%\r3%\r\n']]);
  });

  it('the last line of the log has no end where the log has none', () => {
    expect(read(`${ONE} a\n${TWO} / # `).at(-1)).toEqual(['2026-11-28T10:00:01.500Z', '/ # ']);
  });

  it('a line of the log may be empty', () => {
    expect(read(`${ONE} \n`)).toEqual([['2026-11-28T10:00:00.123Z', '\r\n']]);
    expect(read('')).toEqual([]);
  });

  it('a line of the log may be longer than the runtime stores in one part', () => {
    const long = 'x'.repeat(100_000);
    expect(read(`${ONE} ${long}\n`)).toEqual([['2026-11-28T10:00:00.123Z', `${long}\r\n`]]);
  });

  it('a line of the log takes the time in front, and not a time that the container wrote', () => {
    expect(read(`${ONE} ${TWO} forged\n`)).toEqual([['2026-11-28T10:00:00.123Z', `${TWO} forged\r\n`]]);
  });

  it('a line of the log without a time takes the time of the line above', () => {
    expect(read(`${ONE} a\nb\n`)[1]).toEqual(['2026-11-28T10:00:00.123Z', 'b\r\n']);
  });

  it('the times of the lines never go back although the clock of the node does', () => {
    expect(read(`${TWO} a\n${ONE} b\n`).map(([at]) => at)).toEqual([
      '2026-11-28T10:00:01.500Z',
      '2026-11-28T10:00:01.500Z',
    ]);
  });

  it('the time of a line may have another zone than UTC', () => {
    expect(read('2026-11-28T12:00:00.5+02:00 a\n')).toEqual([['2026-11-28T10:00:00.500Z', 'a\r\n']]);
  });

  it('a line of the log shows a byte that is no UTF-8 as a replacement character', () => {
    const [line] = timedLines(Buffer.concat([Buffer.from(`${ONE} a`), Buffer.from([0xff, 0x0a])]));
    expect(line?.text).toBe('a\ufffd\r\n');
  });
});
