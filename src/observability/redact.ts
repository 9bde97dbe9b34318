const REDACTED = '[redacted]';

/** Field names whose values are credentials: headers, kubeconfig's and the client's own words. */
const SECRET_NAME =
  /^(?:(?:proxy-?)?authorization|cookie|set-cookie|password|.*token|.*secret|client-?key(?:-?data)?)$/i;
/**
 * Credentials inside other text: what follows an HTTP authentication scheme, and anything of the shape of a JSON Web
 * Token.
 */
const SECRET_TEXT = /\b(Bearer|Basic)\s+[\w.~+/=-]{8,}|\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*/g;

/** Deeper than any object we log on purpose; a whole client or socket handed in by mistake ends here. */
const MAX_DEPTH = 6;
const MAX_ITEMS = 100;

/** The text without the credentials in it. */
export function redactText(text: string): string {
  return text.replace(SECRET_TEXT, (_, scheme: string | undefined) => (scheme ? `${scheme} ${REDACTED}` : REDACTED));
}

/**
 * A plain copy of log fields that holds no credentials and can be written as JSON: errors as name, message, code and
 * stack, cycles and depths cut off, at most 100 entries a level.
 */
export function redactFields(fields: object): Record<string, unknown> {
  return copyEntries(fields, [fields]);
}

function copyEntries(value: object, path: readonly object[]): Record<string, unknown> {
  const entries = Object.entries(value).slice(0, MAX_ITEMS);
  return Object.fromEntries(
    entries.map(([name, item]) => [
      name,
      SECRET_NAME.test(name) && item !== undefined && item !== null ? REDACTED : copy(item, path),
    ]),
  );
}

function copy(value: unknown, path: readonly object[]): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (path.includes(value)) return '[circular]';
  if (path.length >= MAX_DEPTH) return '[deep]';
  return copyObject(value, [...path, value]);
}

function copyObject(value: object, path: readonly object[]): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Error) return { ...errorFields(value, path), ...copyEntries(value, path) };
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => copy(item, path));
  return copyEntries(value, path);
}

/** What Error keeps out of its enumerable properties. */
function errorFields(error: Error, path: readonly object[]): Record<string, unknown> {
  return {
    name: error.name,
    message: redactText(error.message),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: copy(error.cause, path) }),
  };
}
