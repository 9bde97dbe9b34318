/**
 * The frames of RFC 6455, as a client sends and reads them; no extensions. Nothing is put together here, so nothing is
 * held back.
 */

/** A part of what the server sent. A message may come in any number of frames, and a frame in any number of chunks. */
export type FramePart =
  | { kind: 'data'; bytes: Uint8Array; startsMessage: boolean }
  | { kind: 'ping'; bytes: Uint8Array }
  | { kind: 'close'; code: number; reason: string };

const CONTINUATION = 0x0;
const BINARY = 0x2;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;

/** A control frame is never longer (RFC 6455, 5.5), whole, and may come between the frames of a message. */
const longestControl = 125;
/** What a close frame without a code means (RFC 6455, 7.1.5). */
const NO_STATUS = 1005;

interface Header {
  opcode: number;
  isFinal: boolean;
  length: number;
}

/** Reads frames out of chunks as they come from the connection. One for each connection. */
export class FrameReader {
  #head = Buffer.alloc(0);
  #frame: (Header & { left: number }) | undefined;
  #control: Uint8Array[] = [];
  #isInMessage = false;
  #startsMessage = false;

  /** @throws Error when it is no frame that a server may send; nothing after that can be understood */
  *read(chunk: Uint8Array): Generator<FramePart> {
    let rest = chunk;
    while (rest.length > 0 || this.#frame?.left === 0) {
      if (this.#frame === undefined) {
        rest = this.#readHead(rest);
        if (this.#frame === undefined) return;
      }
      const frame: Header & { left: number } = this.#frame;
      const bytes = rest.subarray(0, frame.left);
      rest = rest.subarray(bytes.length);
      frame.left -= bytes.length;
      if (frame.left === 0) this.#frame = undefined;
      yield* this.#parts(frame, bytes);
    }
  }

  /** Takes a header, or as much of it as there is. @returns what follows */
  #readHead(chunk: Uint8Array): Uint8Array {
    const before = this.#head.length;
    // Ten bytes are the longest header of an unmasked frame.
    this.#head = Buffer.concat([this.#head, chunk.subarray(0, 10 - before)]);
    const size = headerSize(this.#head);
    if (this.#head.length < size) return chunk.subarray(chunk.length);
    const header = parseHeader(this.#head.subarray(0, size));
    this.#begin(header);
    this.#head = Buffer.alloc(0);
    return chunk.subarray(size - before);
  }

  #begin(header: Header): void {
    const { opcode, isFinal } = header;
    this.#frame = { ...header, left: header.length };
    if (opcode >= CLOSE) return;
    if (opcode === (this.#isInMessage ? CONTINUATION : BINARY)) {
      if (!this.#isInMessage) this.#startsMessage = true;
      this.#isInMessage = !isFinal;
      return;
    }
    throw new Error(`the server sent a frame of kind ${opcode} where none may be`);
  }

  *#parts({ opcode, left }: Header & { left: number }, bytes: Uint8Array): Generator<FramePart> {
    if (opcode < CLOSE) {
      if (bytes.length === 0) return;
      yield { kind: 'data', bytes, startsMessage: this.#startsMessage };
      this.#startsMessage = false;
      return;
    }
    this.#control.push(bytes);
    if (left > 0) return;
    const whole = Buffer.concat(this.#control.splice(0));
    if (opcode === PING) yield { kind: 'ping', bytes: whole };
    if (opcode === CLOSE) yield parseClose(whole);
  }
}

/** One whole binary message. @param mask four bytes that nobody can foresee */
export function binaryFrame(payload: Uint8Array, mask: Uint8Array): Uint8Array {
  return frameOf(BINARY, payload, mask);
}

/** The answer to a ping: the same bytes. */
export function pongFrame(payload: Uint8Array, mask: Uint8Array): Uint8Array {
  return frameOf(PONG, payload, mask);
}

/** The end, with the code 1000: all is well. */
export function closeFrame(mask: Uint8Array): Uint8Array {
  return frameOf(CLOSE, Uint8Array.of(1000 >> 8, 1000 & 0xff), mask);
}

function frameOf(opcode: number, payload: Uint8Array, mask: Uint8Array): Uint8Array {
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 2 ** 16 ? 2 : 8;
  const frame = Buffer.alloc(2 + extended + 4 + length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) frame.writeUInt16BE(length, 2);
  if (extended === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  frame.set(mask, 2 + extended);
  payload.forEach((byte, index) => (frame[6 + extended + index] = byte ^ (mask[index % 4] ?? 0)));
  return frame;
}

function headerSize(head: Uint8Array): number {
  const length = (head[1] ?? 0) & 0x7f;
  return length === 126 ? 4 : length === 127 ? 10 : 2;
}

function parseHeader(head: Buffer): Header {
  const [first = 0, second = 0] = head;
  const opcode = first & 0x0f;
  const isFinal = (first & 0x80) !== 0;
  const short = second & 0x7f;
  const length = short === 126 ? head.readUInt16BE(2) : short === 127 ? Number(head.readBigUInt64BE(2)) : short;
  if ((first & 0x70) !== 0) throw new Error('the server uses an extension of WebSocket that nobody asked for');
  if ((second & 0x80) !== 0) throw new Error('the server masks its frames, as only a client may');
  const isControl = opcode >= CLOSE;
  if (isControl && (!isFinal || length > longestControl || opcode > PONG)) {
    throw new Error(`the server sent a malformed control frame of kind ${opcode}`);
  }
  return { opcode, isFinal, length };
}

function parseClose(payload: Buffer): FramePart {
  const code = payload.length >= 2 ? payload.readUInt16BE(0) : NO_STATUS;
  return { kind: 'close', code, reason: payload.toString('utf8', 2) };
}
