import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { newestFirst } from '../src/plugin/report/choose-rows.ts';
import { htmlParts } from '../src/plugin/report/html.ts';
import { rowsOf } from '../src/plugin/report/row.ts';
import { totalsOf } from '../src/plugin/report/totals.ts';
import { manySessions } from '../test/support/builders/many-sessions.ts';

// `node scripts/look-at-report.ts`: the HTML of `kubectl dbg report` with 0, 1 and 5,000 sessions, as a browser shows
// and prints it, for a person to look at: dist/report/*.html, .png and .pdf. Chromium is asked for at two widths.

const NOW = Date.parse('2026-11-28T12:00:00Z');
const folder = fileURLToPath(new URL('../dist/report', import.meta.url));
mkdirSync(folder, { recursive: true });

/** Chromium may fail and say that all is well: the file that it was to write tells. */
function chromium(how: 'screenshot' | 'print-to-pdf', output: string, ...args: string[]): void {
  rmSync(output, { force: true });
  const { status, stderr, error } = spawnSync(
    process.env['CHROMIUM'] || 'chromium',
    ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', `--${how}=${output}`, ...args],
    { encoding: 'utf8', timeout: 300_000 },
  );
  if (status !== 0 || !existsSync(output)) throw new Error(`chromium wrote no ${output}: ${error?.message ?? stderr}`);
}

for (const count of [0, 1, 5_000]) {
  const rows = newestFirst(manySessions(count, NOW).flatMap((session) => rowsOf(session, NOW)));
  const period = { since: NOW - 30 * 86_400_000, until: NOW };
  const html = [...htmlParts({ now: NOW, period, rows, totals: totalsOf(rows) })].join('');
  const file = `${folder}/${count}.html`;
  writeFileSync(file, html);
  const page = pathToFileURL(file).href;
  for (const width of [1280, 480])
    chromium('screenshot', `${folder}/${count}-${width}.png`, `--window-size=${width},2200`, page);
  chromium('print-to-pdf', `${folder}/${count}.pdf`, '--no-pdf-header-footer', page);
  process.stdout.write(`${file}: ${Buffer.byteLength(html)} bytes\n`);
}
