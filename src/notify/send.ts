import { Agent, type Dispatcher } from 'undici';
import { errorMessage } from '../runtime/error-message.ts';

/** What came of one try. */
export type Outcome =
  | { kind: 'delivered' }
  /** `afterMs`: the receiver said when. */
  | { kind: 'later'; why: string; afterMs?: number }
  | { kind: 'never'; why: string };

export interface Message {
  url: URL;
  headers: Readonly<Record<string, string>>;
  body: string;
}

export type Send = (message: Message, signal: AbortSignal) => Promise<Outcome>;

/** One try takes no longer, in ms, whatever the receiver does. */
const TRY_MS = 10_000;
/** A receiver that asks for a longer pause is not waited for so long, in ms. */
const LONGEST_PAUSE_MS = 300_000;
/** As the API's own clients treat them: too early, too many, or not our fault. */
const PASSING = [408, 425, 429];

/** Connections to the receivers of one Secret. */
export interface Sender {
  send: Send;
  close(): Promise<void>;
}

/** @param ca PEM, in place of the certificate authorities that Node knows */
export function createSender(ca: string | undefined): Sender {
  // No proxy, no redirect: a notice goes to the address in the Secret or nowhere.
  const dispatcher = new Agent({ connections: 1, connect: { timeout: TRY_MS, ...(ca !== undefined && { ca }) } });
  return {
    send: (message, signal) => trySend(message, signal, dispatcher),
    close: () => dispatcher.destroy(),
  };
}

async function trySend({ url, headers, body }: Message, signal: AbortSignal, dispatcher: Agent): Promise<Outcome> {
  try {
    const answer = await dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: 'POST',
      headers,
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TRY_MS)]),
    });
    // What it answers is not read: it can be endless.
    answer.body.on('error', () => {}).destroy();
    return outcomeOf(answer);
  } catch (error) {
    return { kind: 'later', why: errorMessage(error) };
  }
}

function outcomeOf({ statusCode, headers }: Dispatcher.ResponseData): Outcome {
  if (statusCode >= 200 && statusCode < 300) return { kind: 'delivered' };
  const why = `it answered ${statusCode}`;
  if (!PASSING.includes(statusCode) && statusCode < 500) return { kind: 'never', why };
  const seconds = Number(headers['retry-after']);
  const isGiven = Number.isFinite(seconds) && seconds > 0;
  return { kind: 'later', why, ...(isGiven && { afterMs: Math.min(seconds * 1000, LONGEST_PAUSE_MS) }) };
}
