import type { ContextLogger } from './observability/logger.ts';

/** Our logger as the skeleton of @dot-i/k8s-operator wants one: words without fields. */
export function skeletonLogger(logger: ContextLogger): {
  [level in 'debug' | 'info' | 'warn' | 'error']: (message: string) => void;
} {
  return {
    debug: (message) => logger.debug({}, message),
    info: (message) => logger.info({}, message),
    warn: (message) => logger.warn({}, message),
    error: (message) => logger.error({}, message),
  };
}
