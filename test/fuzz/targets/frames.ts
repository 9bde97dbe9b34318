import { type FramePart, FrameReader } from '../../../src/kube/websocket-frames.ts';
import { type FuzzTarget, mustEqual } from '../target.ts';

/** What was read, with the bytes of a message put together. Where reading fails, what was read before counts. */
class Transcript {
  readonly seen: string[] = [];
  data = '';
  failure = '';

  constructor(chunks: readonly Uint8Array[]) {
    const reader = new FrameReader();
    try {
      for (const chunk of chunks) for (const part of reader.read(chunk)) this.#note(part);
    } catch (error) {
      this.failure = String(error);
    }
  }

  #note(part: FramePart): void {
    if (part.kind !== 'data') {
      this.seen.push(JSON.stringify(part));
      return;
    }
    if (part.startsMessage) this.seen.push(`message at ${this.data.length}`);
    this.data += Buffer.from(part.bytes).toString('hex');
  }
}

export const frames: FuzzTarget = {
  name: 'frames',
  about: 'frames of a WebSocket, by the server of an exec or an attach',
  seeds: [
    Buffer.from([0x82, 3, 1, 104, 105]),
    Buffer.from([0x02, 2, 1, 97, 0x89, 1, 7, 0x80, 1, 98, 0x88, 2, 3, 232]),
    Buffer.from([0x82, 126, 0, 3, 1, 2, 3]),
    Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1, 2]),
  ],
  run(input) {
    const whole = new Transcript([input]);
    const byBytes = new Transcript(Array.from(input, (byte) => Uint8Array.of(byte)));
    mustEqual(byBytes, whole, 'chunks do not count');
  },
};
