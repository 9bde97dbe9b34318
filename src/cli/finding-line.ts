import { oneLine } from '../text/one-line.ts';
import type { FieldPath, InputDocument } from './input-documents.ts';

/** Something to tell about a field of the input. */
export interface Finding {
  path: FieldPath;
  message: string;
}

/** Where a finding is: the file, and the document in it. */
export interface Place {
  source: string;
  document: InputDocument;
}

/** A finding as one printable line, with the file, the document, the line and the field. */
export function findingLine({ source, document }: Place, { path, message }: Finding): string {
  const where = `${source}: document ${document.number}, line ${document.lineOf(path)}`;
  return oneLine(`${where}: ${pathText(path)}${message}`, 2_000);
}

/** A value that somebody wrote, for a message. */
export function shown(value: unknown): string {
  return value === undefined ? 'none' : oneLine(JSON.stringify(value), 100);
}

/** `ephemeralContainers[0].image: `, or nothing for the document itself. */
function pathText(path: FieldPath): string {
  const text = path.map((step) => {
    if (typeof step === 'number') return `[${step}]`;
    return /^[\w-]{1,100}$/.test(step) ? `.${step}` : `[${shown(step)}]`;
  });
  return path.length === 0 ? '' : `${text.join('').replace(/^\./, '')}: `;
}
