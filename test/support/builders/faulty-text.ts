/**
 * What a kubelet, a registry or a user may put into a message: line ends, colours, bidi marks, half a character, and a
 * lot of it.
 */
export const FAULTY_TEXT = `one\nSep 1 forged: line\r\u001b[31mred\u001b[0m\u202e \ud800 ${'long '.repeat(500)}`;
