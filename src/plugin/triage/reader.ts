import type { Kubectl } from '../kubectl.ts';
import type { Refusal } from '../refusal-words.ts';
import type { RawEvent } from './seen-events.ts';

/** Reads what may be read, and remembers what may not: neither ends a triage. */
export class Reader {
  readonly kubectl: Kubectl;
  readonly #unread = new Map<string, string>();

  constructor(kubectl: Kubectl) {
    this.kubectl = kubectl;
  }

  /** What could not be read, one line each, without what is said twice. */
  get unread(): string[] {
    return [...this.#unread.values()].sort();
  }

  /** @param what could not be read, as a sentence begins with it */
  note(what: string, { kind, lines }: Refusal): void {
    // An owner that is gone, such as one that its pods outlived, is no right that is missing.
    if (kind === 'NotFound') return;
    this.#unread.set(what, `${what}: ${kind === 'Forbidden' ? 'you may not read it' : (lines[0] ?? 'no answer')}`);
  }

  /** An object; undefined where it is not there or may not be read. */
  async object<T>(resource: string, name: string, what: string, namespace?: string): Promise<T | undefined> {
    const where = namespace === undefined ? [] : [`--namespace=${namespace}`];
    const answer = await this.kubectl.call(['get', resource, name, '--output=json', ...where]);
    if (answer.kind === 'done') return JSON.parse(answer.stdout) as T;
    this.note(what, answer.refusal);
    return undefined;
  }

  /** The events about an object, or about all of its kind; none where they may not be read. */
  async events(kind: string, name?: string, namespace?: string): Promise<RawEvent[]> {
    const fields = [`involvedObject.kind=${kind}`, ...(name === undefined ? [] : [`involvedObject.name=${name}`])];
    const where = namespace === undefined ? [] : [`--namespace=${namespace}`];
    const answer = await this.kubectl.call([
      'get',
      'events',
      `--field-selector=${fields.join(',')}`,
      '--output=json',
      ...where,
    ]);
    if (answer.kind === 'done') return (JSON.parse(answer.stdout) as { items: RawEvent[] }).items;
    this.note('Events', answer.refusal);
    return [];
  }
}
