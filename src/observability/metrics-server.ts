import { errorMessage } from '../runtime/error-message.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Verdict } from './delegated-access.ts';
import { listen } from './http-listener.ts';
import type { Answer, Listener, Question } from './http-listener.ts';
import type { Metrics } from './metrics.ts';
import type { KeyPair } from './self-signed-certificate.ts';

export interface MetricsServerOptions {
  address: { host?: string; port: number };
  metrics: Pick<Metrics, 'expose'>;
  /**
   * HTTPS, and only for whom `access` allows to get /metrics. None: plain HTTP for everybody who can reach the address.
   */
  secure?: {
    certificate: KeyPair;
    access: { decide(token: string, verb: string, path: string): Promise<Verdict> };
  };
  logger: Logger;
}

const PATH = '/metrics';

/**
 * Serves /metrics, with `secure` as controller-runtime does behind its WithAuthenticationAndAuthorization
 * (pkg/metrics/filters): 401 without a token that the API server knows, 403 without the right to `get` the non-resource
 * URL /metrics, 500 when the API server cannot say; it is never open for want of an answer.
 */
export async function startMetricsServer(options: MetricsServerOptions): Promise<Listener> {
  const { address, metrics, secure, logger } = options;
  const refusal = secure && filter(secure.access, logger);
  return listen({
    address,
    logger,
    ...(secure && { certificate: secure.certificate }),
    async answer(question) {
      if (question.url.pathname !== PATH) return undefined;
      return (await refusal?.(question)) ?? { status: 200, ...(await metrics.expose()) };
    },
  });
}

/** Undefined for who may go on. Why somebody may not is for the log. */
function filter(
  access: NonNullable<MetricsServerOptions['secure']>['access'],
  logger: Logger,
): (question: Question) => Promise<Answer | undefined> {
  let failure: string | undefined;
  return async ({ method, authorization = '' }) => {
    const token = /^bearer +([^ ]+)/i.exec(authorization.trim())?.[1];
    if (token === undefined) return UNAUTHENTICATED;
    try {
      const verdict = await access.decide(token, method.toLowerCase(), PATH);
      failure = undefined;
      if (verdict.kind !== 'allowed') logger.debug({ verdict }, 'a client may not read the metrics');
      return ANSWERS[verdict.kind];
    } catch (error) {
      const err = errorMessage(error);
      // Anybody can cause it: once, until it is another.
      if (err !== failure)
        logger.warn({ err }, 'the metrics cannot be read: the API server does not answer access reviews');
      failure = err;
      return refuse(500, 'the API server does not say who may read this');
    }
  };
}

function refuse(status: number, words: string, headers: Record<string, string> = {}): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${words}\n`, headers };
}

const UNAUTHENTICATED = refuse(401, 'send a bearer token of this cluster', { 'WWW-Authenticate': 'Bearer' });

const ANSWERS: Record<Verdict['kind'], Answer | undefined> = {
  allowed: undefined,
  unauthenticated: UNAUTHENTICATED,
  forbidden: refuse(403, `the right to get the non-resource URL ${PATH} is missing`),
  busy: refuse(503, 'too many at once', { 'Retry-After': '1' }),
};
