import { pino } from 'pino';
import type { Logger } from '../runtime/logger.ts';
import { redactFields, redactText } from './redact.ts';
import { plainJson, textLine } from './text-line.ts';

/** What places a line in the story of one session. */
export interface SessionFields {
  session?: string;
  namespace?: string;
  uid?: string;
  run?: number;
  pod?: string;
}

/** The runtime's logger, and loggers made from it that say the same fields on every line. */
export interface ContextLogger extends Logger {
  /** A field given again, here or on a line, replaces the earlier one. */
  child(fields: SessionFields & Record<string, unknown>): ContextLogger;
}

export interface LoggerOptions {
  /** Least severe level that is written. */
  level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  /** `json` (default) for a log collector, `text` for people. */
  format?: 'json' | 'text';
  /**
   * Takes one whole line with its newline. Default: standard output, written synchronously, so that the last words
   * before an exit are not lost.
   */
  destination?: { write(line: string): void };
}

type LineLevel = keyof Logger;

/**
 * The names that every line has; a field of such a name would be written twice and one of the two lost by most readers.
 */
const RESERVED = new Set(['level', 'time', 'msg']);

/**
 * JSON lines: `level` as a word, `time` in ISO 8601 UTC, the fields, `msg` last; or the same for people (text-line.ts).
 * Credentials are left out of both (redact.ts).
 */
export function createLogger({ level, format, destination }: LoggerOptions): ContextLogger {
  const output = destination ?? pino.destination({ fd: 1, sync: true });
  const lines = pino(
    {
      level,
      // Neither pid nor hostname: in a cluster the log collector knows the pod.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      // pino's own would take the copied error for one and drop its cause.
      serializers: { err: (error: unknown) => error },
      formatters: { level: (label) => ({ level: label }) },
    },
    // Text is made out of the JSON, so that both say the same. It is slower, and people do not read that fast.
    { write: (line: string) => void output.write(format === 'text' ? textLine(line) : plainJson(line)) },
  );
  return contextLogger(lines, {});
}

function contextLogger(lines: pino.Logger, context: Record<string, unknown>): ContextLogger {
  const write = (level: LineLevel, fields: object, message: string): void => {
    // Redacting costs more than writing: not for lines that nobody will see.
    if (lines.isLevelEnabled(level))
      lines[level]({ ...context, ...renamed(redactFields(fields)) }, redactText(message));
  };
  return {
    debug: (fields, message) => write('debug', fields, message),
    info: (fields, message) => write('info', fields, message),
    warn: (fields, message) => write('warn', fields, message),
    error: (fields, message) => write('error', fields, message),
    // Merged here and not by pino's child(): pino would write a field given twice twice.
    child: (fields) => contextLogger(lines, { ...context, ...renamed(redactFields(fields)) }),
  };
}

function renamed(fields: Record<string, unknown>): Record<string, unknown> {
  if (!Object.keys(fields).some((name) => RESERVED.has(name))) return fields;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [RESERVED.has(name) ? `${name}_` : name, value]),
  );
}
