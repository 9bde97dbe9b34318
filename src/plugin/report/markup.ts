import { oneLine } from '../../text/one-line.ts';

/** Text that is HTML already. Everything else is escaped where it meets HTML. */
export class Markup {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

type Value = Markup | string | number | undefined | readonly Markup[];

/**
 * A template of HTML: what stands in it is text, made printable and escaped, unless it is HTML itself. So a text that
 * somebody forgot is shown, and never becomes a tag or an attribute. Attributes stand in double quotes.
 */
export function markup(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  const sources = values.map((value) => sourceOf(value));
  return new Markup(parts.map((part, index) => `${part}${sources[index] ?? ''}`).join(''));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function sourceOf(value: Value): string {
  if (value === undefined) return '';
  if (value instanceof Markup) return value.source;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return oneLine(value).replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '');
  return value.map(({ source }) => source).join('');
}
