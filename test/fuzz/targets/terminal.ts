import { ScreenFilter } from '../../../src/plugin/replay/screen-filter.ts';
import { timedLines } from '../../../src/plugin/replay/timed-line.ts';
import { type FuzzTarget, must, mustEqual } from '../target.ts';

const ESC = '\u001b';

/** Controls that do not draw. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const FOREIGN = /[\u0000-\u0007\u000b\u000c\u0010-\u001a\u001c-\u001f\u007f-\u009f]/;
/** A string to the terminal, a question to it, and what is no known escape at all. */
const ORDER = new RegExp(`${ESC}[\\]PX^_]|${ESC}\\[[0-9;?]*[nct]|${ESC}(?![[()78DEHM])`);

export const terminal: FuzzTarget = {
  name: 'terminal',
  about: 'the log of a terminal session, by the people inside a container',
  seeds: [
    '2026-11-24T50:00:00Z no such hour\n',
    `2026-11-24T10:00:00.123456789Z ${ESC}[31mred${ESC}[0m\n`,
    `2026-11-24T10:00:00Z ${ESC}]0;title\u0007text${ESC}P1$qm${ESC}\\\n2026-11-24T10:00:01Z ${ESC}[?1049h${ESC}[2J`,
    `${ESC}[6n${ESC}c${ESC}(0lqk${ESC}(B\r\n\u009b5n`,
  ],
  run(input) {
    const lines = timedLines(input);
    let last = 0;
    for (const { at } of lines) {
      must(Number.isFinite(at) && at >= last, `a time does not turn back: ${at} behind ${last}`);
      last = at;
    }
    const filter = new ScreenFilter();
    const shown = lines.map(({ text }) => filter.show(text)).join('');
    const text = lines.map((line) => line.text).join('');
    const byLetter = new ScreenFilter();
    mustEqual(Array.from(text, (letter) => byLetter.show(letter)).join(''), shown, 'parts do not count');
    must(!FOREIGN.test(shown), `a control that does not draw is shown: ${JSON.stringify(shown)}`);
    must(!ORDER.test(shown), `an order to the terminal is shown: ${JSON.stringify(shown)}`);
    mustEqual(new ScreenFilter().show(shown), shown, 'what is shown may be shown');
  },
};
