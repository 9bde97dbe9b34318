import type { Logger } from '../runtime/logger.ts';
import { errorMessage } from '../runtime/error-message.ts';
import { listen } from './http-listener.ts';
import type { Answer, Listener } from './http-listener.ts';

/**
 * Undefined when all is well, else why not, in words for the log. Throwing counts as failing. Must answer at once: the
 * kubelet waits one second.
 */
export type HealthCheck = () => string | undefined;

export interface HealthOptions {
  address: { host?: string; port: number };
  /** By name. Failing: the kubelet restarts the container. None: alive as long as it answers. */
  healthz: Readonly<Record<string, HealthCheck>>;
  /** By name. Failing: no traffic, and `kubectl rollout status` waits. */
  readyz: Readonly<Record<string, HealthCheck>>;
  logger: Logger;
}

/**
 * Serves /healthz and /readyz, and each check alone as /readyz/NAME, as controller-runtime does (pkg/healthz): `ok`
 * with 200; with `?verbose`, or with 500 when a check fails, one line a check. `?exclude=NAME` leaves a check out. Why
 * a check fails is for the log only (`reason withheld`), when it begins and when the reason changes: anybody may ask
 * here, and the kubelet does every few seconds.
 */
export async function startHealthServer(options: HealthOptions): Promise<Listener> {
  const { healthz, readyz } = options;
  const endpoints = new Map(Object.entries({ healthz, readyz }));
  const log = new FailureLog(options.logger);
  return listen({
    address: options.address,
    logger: options.logger,
    answer({ url }) {
      const [, endpoint = '', name, ...rest] = url.pathname.split('/');
      const checks = endpoints.get(endpoint);
      if (checks === undefined || rest.length > 0) return undefined;
      return name ? answerOne(endpoint, name, { checks, log }) : answerAll(endpoint, url, { checks, log });
    },
  });
}

interface Checks {
  checks: Readonly<Record<string, HealthCheck>>;
  log: FailureLog;
}

function answerOne(endpoint: string, name: string, { checks, log }: Checks): Answer | undefined {
  const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
  if (check === undefined) return undefined;
  return passes(endpoint, [name, check], log)
    ? text(200, 'ok')
    : text(500, `${endpoint}/${name} check failed: reason withheld\n`);
}

function answerAll(endpoint: string, url: URL, { checks, log }: Checks): Answer {
  const excluded = new Set(url.searchParams.getAll('exclude'));
  const lines: string[] = [];
  let failed = false;
  for (const entry of Object.entries(checks)) {
    const [name] = entry;
    if (excluded.has(name)) {
      lines.push(`[+]${name} excluded: ok`);
    } else if (passes(endpoint, entry, log)) {
      lines.push(`[+]${name} ok`);
    } else {
      failed = true;
      lines.push(`[-]${name} failed: reason withheld`);
    }
  }
  if (!failed && !url.searchParams.has('verbose')) return text(200, 'ok');
  lines.push(`${endpoint} check ${failed ? 'failed' : 'passed'}\n`);
  return text(failed ? 500 : 200, lines.join('\n'));
}

function passes(endpoint: string, [name, check]: [string, HealthCheck], log: FailureLog): boolean {
  const reason = run(check);
  log.told(endpoint, name, reason);
  return reason === undefined;
}

/** Says when a check begins to fail, when its reason changes, and when it passes again. */
class FailureLog {
  readonly #logger: Logger;
  readonly #reasons = new Map<string, string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  told(endpoint: string, check: string, reason: string | undefined): void {
    const key = `${endpoint}/${check}`;
    if (this.#reasons.get(key) === reason) return;
    if (reason === undefined) {
      this.#reasons.delete(key);
      this.#logger.info({ endpoint, check }, 'health check passes again');
    } else {
      this.#reasons.set(key, reason);
      this.#logger.info({ endpoint, check, reason }, 'health check failed');
    }
  }
}

function run(check: HealthCheck): string | undefined {
  try {
    return check();
  } catch (error) {
    return errorMessage(error);
  }
}

function text(status: number, body: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}
