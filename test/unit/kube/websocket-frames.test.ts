import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { binaryFrame, FrameReader } from '../../../src/kube/websocket-frames.ts';
import type { FramePart } from '../../../src/kube/websocket-frames.ts';

/** As a server sends it: not masked. */
function frame(first: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.of(first, length), payload]);
  const head = Buffer.alloc(length < 2 ** 16 ? 4 : 10);
  head[0] = first;
  head[1] = length < 2 ** 16 ? 126 : 127;
  if (length < 2 ** 16) head.writeUInt16BE(length, 2);
  else head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

const FIN = 0x80;
const [CONTINUATION, BINARY, CLOSE, PING, PONG] = [0, 2, 8, 9, 10] as const;

function readAll(bytes: Buffer, cuts: readonly number[] = []): FramePart[] {
  const reader = new FrameReader();
  const at: number[] = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).flatMap((end, index) => [...reader.read(bytes.subarray(at[index], end))]);
}

/** The messages in the parts, put together again. */
function messagesIn(parts: FramePart[]): string[] {
  const messages: Buffer[] = [];
  for (const part of parts) {
    if (part.kind !== 'data') continue;
    if (part.startsMessage) messages.push(Buffer.alloc(0));
    messages.push(Buffer.concat([messages.pop() ?? Buffer.from('no start'), part.bytes]));
  }
  return messages.map((message) => message.toString('hex'));
}

describe('FrameReader', () => {
  it('the frame reader finds the same messages however they are cut, with pings between them', () => {
    const fragments = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(fragments, { maxLength: 4 }), fc.array(fc.nat()), (messages, cuts) => {
        const frames = messages.flatMap((pieces) =>
          pieces.flatMap((piece, index) => [
            frame((index === 0 ? BINARY : CONTINUATION) | (index === pieces.length - 1 ? FIN : 0), piece),
            frame(FIN | PING, Buffer.from('are you there')),
          ]),
        );
        const parts = readAll(Buffer.concat(frames), cuts);
        const wanted = messages.map((pieces) => Buffer.concat(pieces).toString('hex')).filter((text) => text !== '');
        expect(messagesIn(parts)).toEqual(wanted);
        expect(parts.filter(({ kind }) => kind === 'ping')).toHaveLength(messages.flat().length);
      }),
    );
  });

  it('the frame reader reads a frame of any size', () => {
    for (const size of [0, 1, 125, 126, 65_535, 65_536, 200_000]) {
      const parts = readAll(frame(FIN | BINARY, Buffer.alloc(size, 7)));
      expect(parts.reduce((sum, part) => sum + (part.kind === 'data' ? part.bytes.length : 0), 0)).toBe(size);
    }
  });

  it('the frame reader hands on a part of a frame before the rest is there', () => {
    const reader = new FrameReader();
    const first = [...reader.read(frame(FIN | BINARY, Buffer.alloc(1000)).subarray(0, 10))];
    expect(first).toMatchObject([{ kind: 'data', bytes: { length: 6 }, startsMessage: true }]);
  });

  it('the frame reader reads why the server closes', () => {
    expect(readAll(frame(FIN | CLOSE, Buffer.of(0x03, 0xf3, 0x6e, 0x6f)))).toEqual([
      { kind: 'close', code: 1011, reason: 'no' },
    ]);
    expect(readAll(frame(FIN | CLOSE, Buffer.of()))).toEqual([{ kind: 'close', code: 1005, reason: '' }]);
  });

  it('the frame reader ignores a pong', () => {
    expect(readAll(frame(FIN | PONG, Buffer.from('x')))).toEqual([]);
  });

  it.each([
    ['an extension', Buffer.of(FIN | 0x40 | BINARY, 0)],
    ['a masked frame', Buffer.of(FIN | BINARY, 0x80)],
    ['text', Buffer.of(FIN | 1, 0)],
    ['a continuation of nothing', Buffer.of(FIN | CONTINUATION, 0)],
    ['a second beginning', Buffer.of(BINARY, 1, 0, BINARY, 0)],
    ['a ping in pieces', Buffer.of(PING, 0)],
    ['a long ping', Buffer.of(FIN | PING, 126, 1, 0)],
    ['an unknown control frame', Buffer.of(FIN | 11, 0)],
  ])('the frame reader refuses %s', (_, bytes) => {
    expect(() => readAll(bytes)).toThrow('the server');
  });
});

describe('binaryFrame', () => {
  it('a binary frame masks its payload', () => {
    const sent = Buffer.from(binaryFrame(Buffer.from('hello'), Buffer.of(1, 2, 3, 4)));
    expect(sent.subarray(0, 6)).toEqual(Buffer.of(0x82, 0x85, 1, 2, 3, 4));
    expect(sent.subarray(6)).toEqual(Buffer.from('hello').map((byte, index) => byte ^ ((index % 4) + 1)));
  });
});
