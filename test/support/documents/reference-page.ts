import { type Schema, walkSchema } from './crd.ts';

/** The text below each heading, up to the next heading of any level; by what the heading has in backticks. */
export function sections(markdown: string): Map<string, string> {
  const parts = markdown.split(/^(#+ .*)$/m);
  const found = new Map<string, string>();
  for (let index = 1; index < parts.length; index += 2) {
    const name = /`(.+)`/.exec(parts[index] ?? '')?.[1];
    if (name !== undefined) found.set(name, parts[index + 1] ?? '');
  }
  return found;
}

/** The code spans of a text. */
export function spans(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '');
}

/** Paths of all fields of spec and status, such as spec.env[].name. */
export function fieldPaths(schema: Schema): string[] {
  const paths: string[] = [];
  walkSchema(schema, (path) => {
    if (/^(spec|status)\./.test(path) && !/(\[\]|\{\})$/.test(path)) paths.push(path);
  });
  return paths;
}

/** The fields that have no heading and are not named below the heading of the one that they are part of. */
export function undescribed(headings: ReadonlyMap<string, string>, schema: Schema): string[] {
  return fieldPaths(schema).filter((path) => !isDescribed(path, headings));
}

function isDescribed(path: string, headings: ReadonlyMap<string, string>): boolean {
  if (headings.has(path)) return true;
  const parent = [...headings.keys()]
    .filter((heading) => path.startsWith(`${heading}.`) || path.startsWith(`${heading}[]`))
    .sort((a, b) => b.length - a.length)[0];
  if (parent === undefined || parent === 'spec.target') return false;
  const rest = path.slice(parent.length).replace(/^(\[\])?\./, '');
  const named = spans(headings.get(parent) ?? '');
  return named.includes(rest) || named.some((name) => name.startsWith(`${rest}.`));
}
