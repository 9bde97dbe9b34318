/** Which control sequences draw, and do nothing else (docs/adr/0041). What is not here is left out of a replay. */

/** C0 controls: backspace, tab, line feed, carriage return, and the two shifts between character sets. */
export const DRAWING_CONTROLS: ReadonlySet<string> = new Set(['\b', '\t', '\n', '\r', '\u000e', '\u000f']);

/** Behind ESC: save and restore the cursor, index, next line, reverse index, set a tab stop; line drawing and ASCII. */
const DRAWING_ESCAPES: ReadonlySet<string> = new Set(['7', '8', 'D', 'E', 'M', 'H', '(0', '(B', ')0', ')B']);

export function drawsEscape(rest: string): boolean {
  return DRAWING_ESCAPES.has(rest);
}

/** Finals of CSI that move the cursor, erase, insert, delete, scroll, set colours, margins and tab stops, or repeat. */
const DRAWING_FINALS = new Set('@ABCDEFGHIJKLMPSTXZ`abdefgmr');
/** Numbers of up to four digits: more of either is nothing that draws. */
const NUMBERS = /^\d{0,4}(?:;\d{0,4}){0,31}$/;
/** The same of colours, where a colon may stand between the parts of one. */
const COLOURS = /^\d{0,4}(?:[;:]\d{0,4}){0,31}$/;
/** DEC private modes: wrap at the margin, show the cursor, the other screen in its four ways. */
const DRAWING_MODES: ReadonlySet<string> = new Set(['7', '25', '47', '1047', '1048', '1049']);
/** Of them: those that show the other screen. */
const OTHER_SCREEN: ReadonlySet<string> = new Set(['47', '1047', '1049']);

/** A sequence that may be shown; `screen` where it goes to the other screen or comes back. */
export interface Drawn {
  sequence: string;
  screen?: 'other' | 'first';
}

/**
 * What may be shown of `CSI parameters final`.
 * @returns undefined where it does more than draw, or is not known
 */
export function drawnSequence(parameters: string, final: string): Drawn | undefined {
  if (parameters.startsWith('?')) return drawnModes(parameters.slice(1), final);
  if (!(final === 'm' ? COLOURS : NUMBERS).test(parameters)) return undefined;
  if (!isDrawing(parameters, final)) return undefined;
  return { sequence: `\u001b[${parameters}${final}` };
}

function isDrawing(parameters: string, final: string): boolean {
  switch (final) {
    case 'J':
      // 3 would erase what the terminal of the reader has scrolled away.
      return /^[012]?$/.test(parameters);
    case 'T':
      // With five numbers it is xterm's way to track the mouse.
      return /^\d*$/.test(parameters);
    case 's':
    case 'u':
      return parameters === '';
    case 'h':
    case 'l':
      // Insert mode.
      return parameters === '4';
    default:
      return DRAWING_FINALS.has(final);
  }
}

function drawnModes(parameters: string, final: string): Drawn | undefined {
  if (final !== 'h' && final !== 'l') return undefined;
  const modes = parameters.split(';').filter((mode) => DRAWING_MODES.has(mode));
  if (modes.length === 0) return undefined;
  const sequence = `\u001b[?${modes.join(';')}${final}`;
  if (!modes.some((mode) => OTHER_SCREEN.has(mode))) return { sequence };
  return { sequence, screen: final === 'h' ? 'other' : 'first' };
}
