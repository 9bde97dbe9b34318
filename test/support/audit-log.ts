import { open, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';

/** What we read of an audit.k8s.io/v1 Event (stage ResponseComplete). */
export interface AuditEvent {
  auditID: string;
  stage: string;
  verb: string;
  /** With the query. */
  requestURI: string;
  user: { username: string };
  objectRef?: { resource: string; subresource?: string; namespace?: string; name?: string; apiGroup?: string };
  responseStatus?: { code: number };
  requestObject?: unknown;
  responseObject?: unknown;
  requestReceivedTimestamp: string;
  stageTimestamp: string;
}

/**
 * What the API server was asked since this object was made: the one witness that is neither the operator nor the test. A request is in the log
 * once it has been answered, a moment after its answer.
 */
export class AuditLog {
  readonly #file: string;
  readonly #from: number;

  private constructor(file: string, from: number) {
    this.#file = file;
    this.#from = from;
  }

  static async from(file: string): Promise<AuditLog> {
    return new AuditLog(file, (await stat(file)).size);
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
    const handle = await open(this.#file);
    const events: AuditEvent[] = [];
    const wanted = `"namespace":"${namespace}"`;
    for await (const line of createInterface({ input: handle.createReadStream({ start: this.#from }) })) {
      if (!line.includes(wanted)) continue;
      // The last line may be half written: it is read the next time.
      const event = parse(line);
      if (event?.stage === stage && event.objectRef?.namespace === namespace) events.push(event);
    }
    return events;
  }
}

function parse(line: string): AuditEvent | undefined {
  try {
    return JSON.parse(line) as AuditEvent;
  } catch {
    return undefined;
  }
}

/** A request for an object that exists in the session's life: writes, and GETs of objects; neither lists nor watches. */
export function isWrite({ verb }: AuditEvent): boolean {
  return ['create', 'update', 'patch', 'delete', 'deletecollection'].includes(verb);
}
