import { setTimeout as delay } from 'node:timers/promises';
import { ApiError } from '../../src/kube/api-error.ts';

const PAUSE_MS = 1_000;
/** Far longer than a restart of the API server takes. */
const TRIES = 120;

/** Asks until there is an answer: the API server is away now and then. @throws ApiError for an answer that is final */
export async function insist<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (isFinal(error) || tries >= TRIES) throw error;
      await delay(PAUSE_MS);
    }
  }
}

/** As {@link insist}; what is there already was made by a request whose answer was lost. */
export async function insistOnMaking(ask: () => Promise<unknown>): Promise<void> {
  await unless(409, () => insist(ask));
}

/** As {@link insist}; what is gone already is what was asked for. */
export async function insistOnDeleting(ask: () => Promise<unknown>): Promise<void> {
  await unless(404, () => insist(ask));
}

async function unless(code: number, ask: () => Promise<unknown>): Promise<void> {
  try {
    await ask();
  } catch (error) {
    if (!(error instanceof ApiError && error.code === code)) throw error;
  }
}

/**
 * A server that has just started refuses until it knows the policies of the cluster. Until it knows the custom
 * resources it answers 404, and names no object.
 */
function isFinal(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const knowsNone = error.code === 404 && !error.saysGone;
  return error.code < 500 && error.code !== 429 && !knowsNone && !/not yet ready/.test(error.message);
}
