import { createHmac } from 'node:crypto';

/** Of a key that is written in base64, as Standard Webhooks writes it. */
const BASE64_KEY = /^whsec_(?<base64>[A-Za-z0-9+/]+={0,2})$/;

/** The bytes of a key of text: after `whsec_` they are written in base64, else they are the text itself. */
export function keyOf(text: string): Buffer {
  const base64 = BASE64_KEY.exec(text)?.groups?.['base64'];
  return base64 === undefined ? Buffer.from(text, 'utf8') : Buffer.from(base64, 'base64');
}

export interface Signed {
  id: string;
  /** When it is sent, in ms since the epoch: a receiver refuses what is old, so that nobody can play it again. */
  at: number;
  body: string;
  key: Buffer;
}

/**
 * The headers of Standard Webhooks (its specification, "Signature scheme": standardwebhooks.com): HMAC with SHA-256
 * over id, time in seconds, and body. Receivers verify them by its libraries, or in a few lines.
 */
export function signedHeaders({ id, at, body, key }: Signed): Record<string, string> {
  const seconds = String(Math.floor(at / 1000));
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': `v1,${signature}` };
}
