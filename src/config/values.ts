import { DNS_LABEL, isObjectName } from '../api/names.ts';
import { UNPRINTABLE } from '../text/one-line.ts';
import { parseDuration } from '../api/duration.ts';

/** A value, or what is wrong with the text. The fault completes the sentence "--flag ...". */
export type Parsed<T> = { ok: true; value: T } | { ok: false; fault: string };

/** Where a server listens. No host: all addresses, IPv4 and IPv6. Port 0: the system chooses. */
export interface BindAddress {
  host?: string;
  port: number;
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const LOG_FORMATS = ['json', 'text'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** `[::1]:8081`, `127.0.0.1:0`, `localhost:8080` or `:8081`. Node resolves the host when it listens. */
const ADDRESS = /^(?:\[(?<ipv6>[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|(?<host>[A-Za-z0-9.-]*)):(?<port>[0-9]{1,5})$/;

function ok<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

function fault(words: string): { ok: false; fault: string } {
  return { ok: false, fault: words };
}

/**
 * The text in quotes, on one line, without characters that could forge a line of a terminal; cut after 100 characters.
 */
export function quote(text: string): string {
  const cut = text.length <= 100 ? text : `${text.slice(0, 97)}...`;
  return JSON.stringify(cut).replace(UNPRINTABLE, '?');
}

/** Any text; the empty one stands for "not given", as with kubectl's --kubeconfig. */
export function parseText(text: string): Parsed<string | undefined> {
  return ok(text === '' ? undefined : text);
}

/** The name of a file in a folder that another flag names. */
export function parseFileName(text: string): Parsed<string> {
  return text !== '' && !text.includes('/') ? ok(text) : fault(`must be the name of a file, not ${quote(text)}`);
}

/** An absolute path without `..`, as a hostPath volume takes it; the empty text stands for "not given". */
export function parsePath(text: string): Parsed<string | undefined> {
  const isPath = /^\/[\w./-]+$/.test(text) && !text.split('/').includes('..');
  if (text === '' || isPath) return parseText(text);
  return fault(`must be a path such as /run/containerd/containerd.sock, not ${quote(text)}`);
}

/** What Go's strconv.ParseBool takes, so that manifests written for other operators keep their meaning. */
export function parseBoolean(text: string): Parsed<boolean> {
  if (/^(?:1|t|T|true|TRUE|True)$/.test(text)) return ok(true);
  if (/^(?:0|f|F|false|FALSE|False)$/.test(text)) return ok(false);
  return fault(`must be true or false, not ${quote(text)}`);
}

/** A whole number from 1 to `max`. */
export function parseCount(max: number): (text: string) => Parsed<number> {
  return (text) => {
    const count = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
    return count >= 1 && count <= max
      ? ok(count)
      : fault(`must be a whole number from 1 to ${max}, not ${quote(text)}`);
  };
}

/** A GEP-2257 duration as milliseconds, at least `minimum` (written the same way). */
export function parsePeriod(minimum: string): (text: string) => Parsed<number> {
  const least = parseDuration(minimum);
  return (text) => {
    try {
      const ms = parseDuration(text);
      return ms >= least ? ok(ms) : fault(`must be at least ${minimum}, not ${quote(text)}`);
    } catch {
      return fault(`must be a duration such as 15s or 1m30s, not ${quote(text)}`);
    }
  };
}

/** `host:port`; undefined (nothing listens) for `0`, as controller-runtime has it. */
export function parseBindAddress(text: string): Parsed<BindAddress | undefined> {
  if (text === '0') return ok(undefined);
  const found = ADDRESS.exec(text)?.groups;
  const port = Number(found?.['port']);
  if (found === undefined || port > 65_535) {
    return fault(`must be an address such as :8080, 127.0.0.1:8080 or [::1]:8080, or 0 for none, not ${quote(text)}`);
  }
  const host = found['ipv6'] ?? found['host'];
  return ok(host === undefined || host === '' ? { port } : { host, port });
}

/** Whether nobody but this machine can reach it. A name is trusted to be what it says. */
export function isLoopback({ host }: BindAddress): boolean {
  return host !== undefined && /^(?:127(?:\.[0-9]+){3}|::1|localhost)$/i.test(host);
}

/** A namespace; the empty text stands for "not given". */
export function parseNamespace(text: string): Parsed<string | undefined> {
  if (text === '' || DNS_LABEL.test(text)) return parseText(text);
  return fault(`must be the name of a namespace, not ${quote(text)}`);
}

/** Namespaces between commas, each once, in the order given. None: all namespaces. */
export function parseNamespaces(text: string): Parsed<readonly string[]> {
  if (text.trim() === '') return ok([]);
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.filter((name) => !DNS_LABEL.test(name));
  return wrong.length === 0
    ? ok([...new Set(names)])
    : fault(`must list names of namespaces, and ${wrong.map(quote).join(', ')} cannot be one`);
}

/** The name of a Kubernetes object such as a Lease. */
export function parseObjectName(text: string): Parsed<string> {
  return isObjectName(text)
    ? ok(text)
    : fault(`must be the name of a Kubernetes object such as debugsession.dev, not ${quote(text)}`);
}

export const parseLogLevel = parseWord(LOG_LEVELS);
export const parseLogFormat = parseWord(LOG_FORMATS);

function parseWord<T extends string>(words: readonly T[]): (text: string) => Parsed<T> {
  return (text) => {
    const word = words.find((known) => known === text);
    return word === undefined ? fault(`must be one of ${words.join(', ')}, not ${quote(text)}`) : ok(word);
  };
}
