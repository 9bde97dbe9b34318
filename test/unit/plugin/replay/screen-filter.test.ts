import fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { ScreenFilter } from '../../../../src/plugin/replay/screen-filter.ts';

const ESC = '\u001b';
const BEL = '\u0007';
const ST = `${ESC}\\`;

function shown(text: string): string {
  return new ScreenFilter().show(text);
}

describe('text that a replay shows', () => {
  it.each([
    ['letters of every script', 'aäж語🙂'],
    ['tabs, line ends and backspaces', 'a\tb\b\r\n'],
    ['colours', `${ESC}[1;31mred${ESC}[0m${ESC}[m`],
    ['colours of 24 bits in both notations', `${ESC}[38;2;1;2;3m${ESC}[38:2::1:2:3m`],
    ['moves of the cursor', `${ESC}[2;10H${ESC}[A${ESC}[5C${ESC}7${ESC}8`],
    ['erased text', `${ESC}[2J${ESC}[K${ESC}[1P`],
    ['scrolling in margins', `${ESC}[2;20r${ESC}[S${ESC}M`],
    ['the other screen, without a cursor', `${ESC}[?1049h${ESC}[?25l`],
    ['line drawing', `${ESC}(0lqk${ESC}(B\u000e\u000f`],
  ])('a replay shows %s', (_, text) => {
    const filter = new ScreenFilter();
    expect(filter.show(text)).toBe(text);
    expect(filter.leftOut).toBe(0);
  });
});

describe('text that a replay leaves out', () => {
  it.each([
    ['the clipboard (OSC 52)', `${ESC}]52;c;cm0gLXJmIC8K${BEL}`],
    ['a title, ended by BEL', `${ESC}]0;sudo${BEL}`],
    ['a title, ended by ST', `${ESC}]2;sudo${ST}`],
    ['a hyperlink (OSC 8)', `${ESC}]8;;https://evil.example${ST}`],
    ['colours of the palette and questions for them', `${ESC}]4;1;?${BEL}${ESC}]11;?${BEL}`],
    ['a notification', `${ESC}]9;hello${BEL}${ESC}]777;notify;a;b${BEL}`],
    ['iTerm2 files and commands', `${ESC}]1337;File=inline=1:AAAA${BEL}`],
    ['DCS: settings that answer, Sixel, keys of the user', `${ESC}P$qm${ST}${ESC}P+q544e${ST}${ESC}Pq#0;2${ST}`],
    ['APC, PM, SOS', `${ESC}_Gf=100;AAAA${ST}${ESC}^a${ST}${ESC}Xb${ST}`],
    ['reports of the device', `${ESC}[c${ESC}[>c${ESC}[=c${ESC}[5n${ESC}[6n${ESC}[?6n${ESC}[x${ESC}Z`],
    ['reports of the window and its title', `${ESC}[21t${ESC}[18t${ESC}[8;1;1t${ESC}[20t`],
    ['the answerback', '\u0005'],
    ['tracking of the mouse, focus and pasted text', `${ESC}[?1000h${ESC}[?1006;1004h${ESC}[?2004h${ESC}[1;2;3;4;5T`],
    ['modes of the keyboard', `${ESC}[>4;1m${ESC}[>1u${ESC}[?1h${ESC}=${ESC}>`],
    ['a printer', `${ESC}[5i${ESC}[?5i`],
    ['the erasure of lines that were scrolled away', `${ESC}[3J`],
    ['modes of the terminal', `${ESC}[20h${ESC}[2h${ESC}[!p${ESC}[61;1"p${ESC}[2;1y${ESC}[0q${ESC}#8`],
    ['C1 controls of eight bits', '\u009d\u0090\u009b\u0085'],
    ['marks that turn the text round', '\u202e\u2066\u200f'],
    ['numbers without end', `${ESC}[99999b${ESC}[${'1;'.repeat(60)}m`],
    ['a sequence without end', `${ESC}[${'9'.repeat(5_000)}H`],
  ])('a replay leaves out %s', (_, text) => {
    const filter = new ScreenFilter();
    expect(filter.show(`a${text}b`)).toBe('ab');
    expect(filter.leftOut).toBeGreaterThan(0);
  });

  it('a replay leaves out the forbidden part of a list of modes', () => {
    expect(shown(`${ESC}[?1049;1000;25h`)).toBe(`${ESC}[?1049;25h`);
  });

  it('a replay leaves out the bell, and does not count it', () => {
    const filter = new ScreenFilter();
    expect(filter.show(`a${BEL}b`)).toBe('ab');
    expect(filter.leftOut).toBe(0);
  });
});

describe('broken sequences', () => {
  it.each([
    ['a string that does not end', `${ESC}]0;x\nseen`, '\r\nseen'],
    ['a sequence that does not end', `${ESC}[1\nseen`, '\nseen'],
    ['a sequence in a sequence', `${ESC}[1${ESC}[31mseen`, `${ESC}[31mseen`],
    ['ESC before a letter of another script', `${ESC}äseen`, 'äseen'],
    ['a string that CAN ends', `${ESC}]0;x\u0018seen`, 'seen'],
  ])('a replay shows the text behind %s', (_, text, expected) => {
    expect(shown(text)).toBe(expected);
  });
});

it('a replay clears the screen for a full reset, and keeps the lines that were scrolled away', () => {
  const text = shown(`${ESC}c`);
  expect(text).toContain(`${ESC}[2J`);
  expect(text).not.toContain(`${ESC}c`);
});

it('the reset leaves the other screen only where the replay went there', () => {
  const filter = new ScreenFilter();
  expect(filter.reset()).not.toContain('1049');
  filter.show(`${ESC}[?1049h`);
  const back = filter.reset();
  expect(back.startsWith(`${ESC}[?1049l`)).toBe(true);
  for (const part of [`${ESC}[0m`, `${ESC}[?25h`]) expect(back).toContain(part);
  filter.show(`${ESC}[?1049h${ESC}[?1049l`);
  expect(filter.reset()).not.toContain('1049');
});

/** Everything that may come out, in one expression of its own: not built from the lists of the filter. */
const SAFE = new RegExp(
  [
    '[^\\u0000-\\u001f\\u007f-\\u009f\\u202a-\\u202e\\u2066-\\u2069]',
    '[\\b\\t\\n\\r\\u000e\\u000f]',
    '\\u001b[78DEMH]',
    '\\u001b[()][0B]',
    '\\u001b\\[[\\d;:]*[@A-HJ-MPSTXZ`abdefgmrI]',
    '\\u001b\\[[su]',
    '\\u001b\\[4[hl]',
    '\\u001b\\[\\?[\\d;]+[hl]',
  ].join('|'),
  'yu',
);

function isSafe(text: string): boolean {
  let at = 0;
  while (at < text.length) {
    SAFE.lastIndex = at;
    const found = SAFE.exec(text)?.[0];
    if (found === undefined || found === '') return false;
    if (/\?/.test(found) && found.startsWith(`${ESC}[`)) {
      const modes = /\d[\d;]*/.exec(found)?.[0].split(';') ?? [];
      if (!modes.every((mode) => ['7', '25', '47', '1047', '1048', '1049'].includes(mode))) return false;
    }
    at += found.length;
  }
  return true;
}

const fragment = fc.oneof(
  fc.constantFrom(ESC, '[', ']', 'P', '\\', BEL, ST, ';', '?', '>', '!', '"', '$', ' ', 'h', 'l', 'm', 'n', 'c', 't'),
  fc.constantFrom('J', 'T', 's', 'u', 'q', 'p', 'Z', '#8', '52;c;', '\n', '\r', '\u0018', '\u009b', '\u009d', '\u0005'),
  fc.nat(99_999).map(String),
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const hostile = fc.array(fragment, { maxLength: 60 }).map((parts) => parts.join(''));

it('a replay lets out only text that draws, whatever comes in', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const filter = new ScreenFilter();
      expect(isSafe(`${filter.show(text)}${filter.reset()}`)).toBe(true);
    }),
    { numRuns: 3_000 },
  );
});

it('a replay shows the same text wherever its input is cut', () => {
  fc.assert(
    fc.property(hostile, fc.nat(60), (text, at) => {
      // Not inside a letter of two units: a log is decoded line by line.
      const letters = [...text];
      const filter = new ScreenFilter();
      const parts = filter.show(letters.slice(0, at).join('')) + filter.show(letters.slice(at).join(''));
      expect(parts).toBe(shown(text));
    }),
  );
});
