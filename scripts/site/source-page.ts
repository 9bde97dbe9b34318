import { posix } from 'node:path';
import { linkBetween, addressOf } from './address.ts';

// Pages for what is no Markdown: a manifest, a program, a folder. The site has no repository to link to.

/** How a file is coloured. What is not here is shown as it is. */
const LANGUAGES: Readonly<Record<string, string>> = {
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '.json': 'json',
  '.ts': 'ts',
  '.js': 'js',
  '.lua': 'lua',
  '.sh': 'sh',
};

const NOT_SEARCHED = '---\nsearch: false\noutline: false\n---\n';

/** The page that shows a file. */
export function filePage(file: string, text: string): string {
  const language = LANGUAGES[posix.extname(file)] ?? 'text';
  // A fence longer than any in the text.
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${NOT_SEARCHED}# ${file}\n\n${fence}${language}\n${text.trimEnd()}\n${fence}\n`;
}

/** The page that lists a folder. @param files the paths of its files in the repository, with their titles */
export function folderPage(folder: string, title: string, files: ReadonlyMap<string, string>): string {
  const page = addressOf(folder, true);
  const rows = [...files].map(([file, title]) => `- [${title}](${linkBetween(page, addressOf(file), '')})`);
  return `${NOT_SEARCHED}# ${title}\n\n${rows.join('\n')}\n`;
}
