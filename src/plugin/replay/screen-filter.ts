import { DRAWING_CONTROLS, drawnSequence, drawsEscape } from './drawing.ts';

/** Where the parser stands, in the states of the VT500 parser by Paul Williams (vt100.net/emu/dec_ansi_parser). */
type State = 'ground' | 'escape' | 'csi' | 'string';

const ESC = '\u001b';
/** Introducers of a string to the terminal, behind ESC: OSC, DCS, SOS, PM, APC. */
const STRINGS = new Set(']PX^_');
/** A sequence that draws is shorter. */
const MAX_SEQUENCE = 128;
/** Marks that turn the direction of a text round: what is read is not what was written. */
const TURNS = /[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/;
/** Back to plain letters, whole lines and a visible cursor, with the cursor where it stands. */
const PLAIN = `${ESC}7${ESC}[r${ESC}8${ESC}[0m${ESC}[4l${ESC}[?7h${ESC}[?25h${ESC}(B\u000f`;

/**
 * Lets through of a recorded terminal what draws on a screen, and nothing else: what is shown comes from inside a
 * container, and the terminal of the reader would obey it (docs/adr/0041). Its output consists of printable letters,
 * of the controls that are known to draw, and of whole sequences that are known to draw.
 *
 * A string such as a title ends with its line at the latest, so that nothing can hide the lines below it.
 */
export class ScreenFilter {
  #state: State = 'ground';
  /** Behind ESC, or behind CSI. */
  #sequence = '';
  #isOnOtherScreen = false;
  #leftOut = 0;

  /** How many sequences were left out. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** What may be shown of the next part. A sequence may go on in the part after it. */
  show(text: string): string {
    let shown = '';
    for (const letter of text) shown += this.#take(letter);
    return shown;
  }

  /** Brings the terminal of the reader back. */
  reset(): string {
    const back = this.#isOnOtherScreen ? `${ESC}[?1049l` : '';
    this.#isOnOtherScreen = false;
    this.#state = 'ground';
    return `${back}${PLAIN}`;
  }

  #take(letter: string): string {
    if (letter === ESC) return this.#begin();
    switch (this.#state) {
      case 'ground':
        return this.#takeInText(letter);
      case 'escape':
        return this.#takeBehindEscape(letter);
      case 'csi':
        return this.#takeBehindCsi(letter);
      case 'string':
        return this.#takeInString(letter);
    }
  }

  /** ESC ends whatever stood before it. */
  #begin(): string {
    if (this.#state === 'escape' || this.#state === 'csi') this.#leftOut += 1;
    this.#state = 'escape';
    this.#sequence = '';
    return '';
  }

  #takeInText(letter: string): string {
    if (letter >= ' ' && letter !== '\u007f' && !isC1(letter) && !TURNS.test(letter)) return letter;
    if (DRAWING_CONTROLS.has(letter)) return letter;
    // The bell and padding are of no account.
    if (letter !== '\u0007' && letter !== '\u0000') this.#leftOut += 1;
    return '';
  }

  #takeBehindEscape(letter: string): string {
    if (this.#sequence === '' && letter === '[') return this.#go('csi');
    if (this.#sequence === '' && STRINGS.has(letter)) {
      this.#leftOut += 1;
      return this.#go('string');
    }
    // Of ESC \\, the end of a string, nothing is left to do.
    if (this.#sequence === '' && letter === '\\') return this.#go('ground');
    if (isBetween(letter, ' ', '/')) return this.#collect(letter);
    if (!isBetween(letter, '0', '~')) return this.#abort(letter);
    const rest = `${this.#sequence}${letter}`;
    this.#go('ground');
    if (drawsEscape(rest)) return `${ESC}${rest}`;
    // A full reset would take away what the reader has scrolled: the screen is cleared instead.
    if (rest === 'c') return `${PLAIN}${ESC}[2J${ESC}[H`;
    this.#leftOut += 1;
    return '';
  }

  #takeBehindCsi(letter: string): string {
    if (isBetween(letter, ' ', '?')) return this.#collect(letter);
    if (!isBetween(letter, '@', '~')) return this.#abort(letter);
    const drawn = drawnSequence(this.#sequence, letter);
    this.#go('ground');
    if (drawn === undefined) {
      this.#leftOut += 1;
      return '';
    }
    if (drawn.screen !== undefined) this.#isOnOtherScreen = drawn.screen === 'other';
    return drawn.sequence;
  }

  #takeInString(letter: string): string {
    if (letter === '\n') return this.#go('ground', '\r\n');
    // BEL, CAN, SUB and ST end it.
    if (letter === '\u0007' || letter === '\u0018' || letter === '\u001a' || letter === '\u009c') this.#go('ground');
    return '';
  }

  #collect(letter: string): string {
    // Longer than anything that draws: it goes on, and is refused at its end.
    if (this.#sequence.length < MAX_SEQUENCE) this.#sequence += letter;
    return '';
  }

  /** What stands in a sequence and is no part of it ends it, and is shown as what it is. */
  #abort(letter: string): string {
    this.#leftOut += 1;
    this.#go('ground');
    return this.#takeInText(letter);
  }

  #go(state: State, shown = ''): string {
    this.#state = state;
    this.#sequence = '';
    return shown;
  }
}

function isBetween(letter: string, from: string, to: string): boolean {
  return letter.length === 1 && letter >= from && letter <= to;
}

/** Control characters of eight bits: some terminals take them for ESC and a letter. */
function isC1(letter: string): boolean {
  return isBetween(letter, '\u0080', '\u009f');
}
