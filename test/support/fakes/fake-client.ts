import type { SessionClient } from '../../../src/reconcile/session-api.ts';
import { ApiError } from '../../../src/kube/api-error.ts';

type Answer = Error | ((body: unknown) => unknown);

export interface SentRequest {
  verb: string;
  path: string;
  query: object;
  body?: unknown;
}

/** A client whose server is a table of answers by `verb path`. What is not in the table is 404. */
export class FakeClient implements SessionClient {
  readonly sent: SentRequest[] = [];
  readonly #answers = new Map<string, Answer>();

  /** @param request such as `GET /api/v1/namespaces/shop/pods` */
  on(request: string, answer: Answer | object): this {
    this.#answers.set(
      request,
      answer instanceof Error || typeof answer === 'function' ? (answer as Answer) : () => answer,
    );
    return this;
  }

  get<T>(path: string): Promise<T> {
    return this.#answer({ verb: 'GET', path, query: {} });
  }

  list<T>(path: string, query: object = {}): Promise<T> {
    return this.#answer({ verb: 'GET', path, query });
  }

  create<T>(path: string, body: unknown): Promise<T> {
    return this.#answer({ verb: 'POST', path, query: {}, body });
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    return this.#answer({ verb: 'PATCH', path, query: {}, body });
  }

  replace<T>(path: string, body: unknown): Promise<T> {
    return this.#answer({ verb: 'PUT', path, query: {}, body });
  }

  delete<T>(path: string, { body }: { body?: unknown } = {}): Promise<T> {
    return this.#answer({ verb: 'DELETE', path, query: {}, body });
  }

  async #answer<T>(request: SentRequest): Promise<T> {
    this.sent.push(request);
    const answer = this.#answers.get(`${request.verb} ${request.path}`);
    if (answer === undefined) throw anApiError(404, `${request.path} not found`);
    if (answer instanceof Error) throw answer;
    return answer(request.body) as T;
  }
}

export function anApiError(code: number, message: string): ApiError {
  return new ApiError({ code, reason: '', message, details: { name: 'x' } });
}

/** The metadata after a JSON merge patch of them: a label whose value is null is gone. */
export function mergeMetadata(before: object | undefined, patch: object | undefined): object {
  const merged: { labels?: Record<string, string | null> } = { ...before, ...patch };
  if (merged.labels === undefined) return merged;
  return { ...merged, labels: Object.fromEntries(Object.entries(merged.labels).filter(([, value]) => value !== null)) };
}
