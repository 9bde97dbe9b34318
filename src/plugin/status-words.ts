import { isObject } from '../cli/values.ts';

interface Cause {
  field?: unknown;
  message?: unknown;
}

/**
 * A refusal of the API server in the words in which kubectl prints it, so that both are read in one way
 * (refusal-words.ts).
 * @param body what came, which is to be a Status
 * @returns undefined: it is none, or one for which kubectl has more to do than to print it
 */
export function statusWords(body: string): string | undefined {
  const status = parsed(body);
  if (!isObject(status) || status['kind'] !== 'Status') return undefined;
  const { reason, message, details } = status;
  if (typeof message !== 'string' || typeof reason !== 'string') return undefined;
  if (reason !== 'Invalid') return `Error from server (${reason}): ${message}`;
  const { kind, name, causes } = isObject(details) ? details : {};
  const lines = Array.isArray(causes) ? causes.filter(isObject).map(causeWords) : [];
  if (lines.length === 0) return `The request is invalid: ${message}`;
  return [`The ${String(kind)} "${String(name)}" is invalid: `, ...new Set(lines.map((line) => `* ${line}`))].join(
    '\n',
  );
}

function causeWords({ field, message }: Cause): string {
  return `${String(field)}: ${String(message)}`;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
