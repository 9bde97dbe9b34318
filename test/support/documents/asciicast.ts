/** An asciicast v2 as its specification has it: docs.asciinema.org/manual/asciicast/v2. */
export interface Cast {
  header: {
    version: 2;
    width: number;
    height: number;
    timestamp?: number;
    duration?: number;
    idle_time_limit?: number;
    command?: string;
    title?: string;
    env?: Record<string, string>;
    theme?: object;
  };
  events: [number, string, string][];
}

const HEADER: Readonly<Record<string, (value: unknown) => boolean>> = {
  version: (value) => value === 2,
  width: isSize,
  height: isSize,
  timestamp: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  duration: isSeconds,
  idle_time_limit: isSeconds,
  command: (value) => typeof value === 'string',
  title: (value) => typeof value === 'string',
  env: (value) =>
    typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'string'),
  theme: (value) => typeof value === 'object' && value !== null,
};

function isSize(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

function isSeconds(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/**
 * Reads a recording strictly: every line is one JSON value, the header has what it must and nothing unknown, the times
 * never go back, codes are those of the specification.
 * @throws Error with the first fault
 */
export function readCast(text: string): Cast {
  if (!text.endsWith('\n')) throw new Error('the last line is not ended');
  const [first = '', ...rest] = text.slice(0, -1).split('\n');
  const header = JSON.parse(first) as Cast['header'];
  for (const name of ['version', 'width', 'height']) if (!Object.hasOwn(header, name)) throw new Error(`no ${name}`);
  for (const [name, value] of Object.entries(header)) {
    if (HEADER[name]?.(value) !== true) throw new Error(`header: ${name} is ${JSON.stringify(value)}`);
  }
  let before = 0;
  const events = rest.map((line) => {
    const event = JSON.parse(line) as unknown;
    if (!Array.isArray(event) || event.length !== 3) throw new Error(`no event: ${line}`);
    const [at, code, data] = event as [unknown, unknown, unknown];
    if (!isSeconds(at) || Number(at) < before) throw new Error(`time goes back: ${line}`);
    if (!['o', 'i', 'm', 'r'].includes(String(code)) || typeof data !== 'string') throw new Error(`no event: ${line}`);
    before = Number(at);
    return [at, code, data] as [number, string, string];
  });
  return { header, events };
}
