/**
 * What the runtime reads of an API error, whoever's class it is: `code` is the HTTP status,
 * `retryAfterMs` what the server asks for. An error without a numeric `code` is no answer of the server.
 */
export interface ApiAnswer {
  code?: number;
  retryAfterMs?: number;
}

/** Reads those two from anything that was thrown. */
export function apiAnswer(error: unknown): ApiAnswer {
  const { code, retryAfterMs } = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  return {
    ...(typeof code === 'number' ? { code } : {}),
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
  };
}
