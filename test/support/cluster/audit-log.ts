import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { createInterface } from 'node:readline';

/** What we read of an audit.k8s.io/v1 Event. */
export interface AuditEvent {
  auditID: string;
  stage: string;
  verb: string;
  /** With the query. */
  requestURI: string;
  user: { username: string };
  userAgent?: string;
  objectRef?: { resource: string; subresource?: string; namespace?: string; name?: string; apiGroup?: string };
  responseStatus?: { code: number };
  requestObject?: unknown;
  responseObject?: unknown;
  /** RFC 3339 with microseconds, so that these strings sort as the times do. */
  requestReceivedTimestamp: string;
  stageTimestamp: string;
}

/**
 * What the API server was asked since this object was made: the one witness that is neither the operator nor the test.
 * A request is in the log once it has been answered, a moment after its answer.
 */
export class AuditLog {
  readonly #file: string;
  readonly #from: { ino: number; size: number };

  private constructor(file: string, from: { ino: number; size: number }) {
    this.#file = file;
    this.#from = from;
  }

  static async from(file: string): Promise<AuditLog> {
    return new AuditLog(file, await stat(file));
  }

  /** The finished requests about one namespace, in the order of their answers. */
  requests(namespace: string): Promise<AuditEvent[]> {
    return this.#events(namespace, 'ResponseComplete');
  }

  /** The streams and watches about one namespace whose answer has begun: an exec is under way, or was. */
  begun(namespace: string): Promise<AuditEvent[]> {
    return this.#events(namespace, 'ResponseStarted');
  }

  async #events(namespace: string, stage: string): Promise<AuditEvent[]> {
    const events: AuditEvent[] = [];
    const wanted = `"namespace":"${namespace}"`;
    for await (const line of this.#lines()) {
      if (!line.includes(wanted)) continue;
      // The last line may be half written: it is read the next time.
      const event = parseEvent(line);
      if (event?.stage === stage && event.objectRef?.namespace === namespace) events.push(event);
    }
    return events;
  }

  async *#lines(): AsyncGenerator<string> {
    // Opened before the names of the old ones are read: a file that is put aside in between is then read once, as one
    // of those.
    const newest = await open(this.#file);
    try {
      const { ino: newestIno } = await newest.stat();
      const old = await Promise.all(
        (await oldAuditLogs(this.#file)).map(async (path) => ({ path, ino: (await stat(path)).ino })),
      );
      const parts = [...old.filter(({ ino }) => ino !== newestIno), { path: undefined, ino: newestIno }];
      const first = parts.findIndex(({ ino }) => ino === this.#from.ino);
      if (first === -1) throw new Error(`what was logged since is gone: ${this.#file} is another file by now`);
      for (const { path, ino } of parts.slice(first)) {
        const start = ino === this.#from.ino ? this.#from.size : 0;
        const input =
          path === undefined ? newest.createReadStream({ start, autoClose: false }) : createReadStream(path, { start });
        yield* createInterface({ input });
      }
    } finally {
      await newest.close();
    }
  }
}

/**
 * The files that the API server has put aside, oldest first: it starts a new one at 100 MB and names the old after its
 * time.
 */
async function oldAuditLogs(file: string): Promise<string[]> {
  const suffix = extname(file);
  const prefix = `${basename(file, suffix)}-`;
  const names = (await readdir(dirname(file))).filter((name) => name.startsWith(prefix) && name.endsWith(suffix));
  return names.sort().map((name) => join(dirname(file), name));
}

/** All lines that the API server has logged, oldest first. */
export async function* auditLines(file: string): AsyncGenerator<string> {
  for (const part of [...(await oldAuditLogs(file)), file]) yield* createInterface({ input: createReadStream(part) });
}

/** Undefined: a line that is half written, as the last one may be. */
export function parseEvent(line: string): AuditEvent | undefined {
  try {
    return JSON.parse(line) as AuditEvent;
  } catch {
    return undefined;
  }
}

/**
 * A request for an object that exists in the session's life: writes, and GETs of objects; neither lists nor watches.
 */
export function isWrite({ verb }: AuditEvent): boolean {
  return ['create', 'update', 'patch', 'delete', 'deletecollection'].includes(verb);
}
