import { oneLine } from '../text/one-line.ts';

/** One thing the server found wrong (meta/v1 StatusCause). */
export interface StatusCause {
  reason: string;
  field: string;
  message: string;
}

/** What the server says the error is about (meta/v1 StatusDetails). Absent words are empty strings. */
export interface StatusDetails {
  name: string;
  group: string;
  kind: string;
  causes: StatusCause[];
  retryAfterSeconds?: number;
}

export interface ApiErrorInit {
  code: number;
  reason: string;
  message: string;
  details?: Partial<StatusDetails>;
  retryAfterMs?: number | undefined;
}

/**
 * The API server answered, and the answer is no. The counterpart of apimachinery's `StatusError`.
 * `message` is the server's own words on one line.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** The HTTP status (of an in-band watch error: the Status's code). */
  readonly code: number;
  /** meta/v1 StatusReason, such as `NotFound`; empty when the answer was no Status. */
  readonly reason: string;
  readonly details: StatusDetails;
  /** How long the server asks us to wait (`Retry-After`, or the Status's retryAfterSeconds). */
  readonly retryAfterMs?: number;

  constructor(init: ApiErrorInit) {
    super(oneLine(init.message) || `HTTP ${init.code}`);
    this.code = init.code;
    this.reason = init.reason;
    this.details = { name: '', group: '', kind: '', causes: [], ...init.details };
    if (init.retryAfterMs !== undefined) this.retryAfterMs = init.retryAfterMs;
  }

  /**
   * Whether there is no such object: a 404 that names it. A 404 without a name is of a path that is not served, or of a
   * proxy that knows nothing of it: the object may well be there.
   */
  get saysGone(): boolean {
    return this.code === 404 && this.details.name !== '';
  }

  /**
   * Reads an error answer. Anything may come back (a proxy's HTML page, an empty body), so nothing is believed:
   * what is not a Status gives its text as the message.
   * @param retryAfter the `Retry-After` header: seconds, or an HTTP date (then ignored, Kubernetes sends seconds).
   */
  static fromResponse(code: number, body: string, retryAfter?: string): ApiError {
    const header = retryAfter === undefined || !/^\d{1,6}$/.test(retryAfter) ? undefined : Number(retryAfter) * 1000;
    const status = parseObject(body);
    if (status?.['kind'] !== 'Status') {
      const message = body.slice(0, 500) || `the server answered HTTP ${code} without a body`;
      return new ApiError({ code, reason: '', message, retryAfterMs: header });
    }
    return ApiError.fromStatus(status, { code, retryAfterMs: header });
  }

  /** From a meta/v1 Status, which is also what an ERROR event of a watch carries. */
  static fromStatus(status: unknown, answer: { code?: number; retryAfterMs?: number | undefined } = {}): ApiError {
    const { code, reason, message, details } = asRecord(status);
    const about = asRecord(details);
    const asked = about['retryAfterSeconds'];
    const seconds = typeof asked === 'number' && asked >= 0 ? asked : undefined;
    return new ApiError({
      code: answer.code ?? (typeof code === 'number' ? code : 500),
      reason: text(reason),
      message: text(message),
      details: {
        name: text(about['name']),
        group: text(about['group']),
        kind: text(about['kind']),
        causes: Array.isArray(about['causes']) ? about['causes'].map(readCause) : [],
        ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }),
      },
      retryAfterMs: answer.retryAfterMs ?? (seconds ? seconds * 1000 : undefined),
    });
  }
}

/**
 * No answer: refused, reset, timed out, unreadable. A write that ends so may or may not have happened.
 * `cause` is the error underneath.
 */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  /** `ETIMEDOUT` for our own deadline, else the code of the error underneath, such as `ECONNRESET`. */
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(oneLine(message), { cause });
    this.code = code;
  }
}

function readCause(raw: unknown): StatusCause {
  const { reason, field, message } = asRecord(raw);
  return { reason: text(reason), field: text(field), message: oneLine(text(message)) };
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    return asRecord(JSON.parse(body));
  } catch {
    return undefined;
  }
}
