/**
 * What the runtime reads of an API error, whoever's class it is: `code` is the HTTP status,
 * `retryAfterMs` what the server asks for. An error without a numeric `code` is no answer of the server.
 */
export interface ApiAnswer {
  code?: number;
  retryAfterMs?: number;
}

/** The API server asks for seconds. A maintenance page in front of it may ask for an hour, and is gone in a minute. */
const longestPauseMs = 60_000;

/** Reads those two from anything that was thrown. */
export function apiAnswer(error: unknown): ApiAnswer {
  const { code, retryAfterMs } = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  return {
    ...(typeof code === 'number' ? { code } : {}),
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs: Math.min(retryAfterMs, longestPauseMs) } : {}),
  };
}

/**
 * 4xx answers that pass by themselves. 401: the token was being rotated. 409: somebody was faster. 410: a list anew is
 * right.
 */
const PASSING = new Set([401, 408, 409, 410, 425, 429]);

/**
 * Whether the same request would be refused again for as long as nobody changes a role, a schema, a quota or an object:
 * 400, 403, 404, 405, 413, 415, 422 and the like. No answer at all (undefined) and 5xx are passing faults.
 * @param code the HTTP status
 */
export function isRefusal(code: number | undefined): boolean {
  return code !== undefined && code >= 400 && code < 500 && !PASSING.has(code);
}

/**
 * What stays as it is until somebody does something, so that the log need not say it with every try: a refusal, or
 * credentials that are not accepted.
 */
export function needsAPerson(code: number | undefined): boolean {
  return code === 401 || isRefusal(code);
}
