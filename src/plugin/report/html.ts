import { createHash } from 'node:crypto';
import { toTimestamp } from '../../api/time.ts';
import { VERSION } from '../../version.ts';
import { BLIND_SPOTS } from './blind-spots.ts';
import { STYLE } from './html-style.ts';
import { htmlRow, TABLE_HEAD } from './html-row.ts';
import { Markup, markup } from './markup.ts';
import type { Report } from './report.ts';
import type { ReportRow } from './row.ts';
import { scopeWords } from './text.ts';
import { counted } from '../words/counted.ts';
import { axisOf, timeLine } from './time-line.ts';
import { type Totals, totalsOf } from './totals.ts';

/** Nothing is loaded, nothing runs, nothing is sent: the style is the one of this file, by its checksum. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`;

/** The parts of one HTML file, in order: it has no script, and loads nothing. */
export function* htmlParts(report: Report): Generator<string> {
  const { rows, period } = report;
  const groups = [...Map.groupBy(rows, ({ namespace }) => namespace)].toSorted(([one], [other]) =>
    one < other ? -1 : 1,
  );
  yield head(report).source;
  if (groups.length > 1) yield places(groups).source;
  if (rows.length > 0) yield LEGEND.source;
  const axis = axisOf(rows, period);
  for (const [namespace, ofIt] of groups) {
    const words = markup`<span class="count">${countWords(totalsOf(ofIt))}</span>`;
    yield markup`<section>\n<h2 id="${placeId(namespace)}">${namespace} ${words}</h2>\n`.source;
    yield timeLine(ofIt, axis, namespace).source;
    yield TABLE_HEAD.source;
    for (const row of ofIt) yield htmlRow(row).source;
    yield '</tbody>\n</table>\n</section>\n';
  }
  if (rows.length === 0) yield '<p>There is no session of this period in the cluster.</p>\n';
  yield markup`<footer>kubectl dbg report ${VERSION}, ${toTimestamp(report.now)}. All times are UTC.</footer>
</main>
</body>
</html>
`.source;
}

function head(report: Report): Markup {
  const title = report.namespace === undefined ? 'Debug sessions' : `Debug sessions of namespace ${report.namespace}`;
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}, ${toTimestamp(report.now)}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p class="scope">${scopeWords(report)}</p>
<div class="notes">
<h2>What this report cannot know</h2>
<ul>${BLIND_SPOTS.map((line) => markup`<li>${line}</li>`)}</ul>
</div>
${totals(report.totals)}`;
}

function totals({ sessions, attempts, people, live, neverRan, notConfirmed, byPolicy }: Totals): Markup {
  const cells: [string, number][] = [
    ['sessions', sessions],
    ['attempts', attempts],
    ['requesters', people],
    ['live now', live],
    ['never ran', neverRan],
    ['not confirmed ended', notConfirmed],
  ];
  const boxes = cells.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`);
  const policies = byPolicy.map(({ policy, attempts: number }) => markup`<li>${policy}: ${number}</li>`);
  const byIt = markup`<h2>Attempts by policy</h2>\n<ul class="list">${policies}</ul>\n`;
  return markup`<dl class="totals">${boxes}</dl>\n${policies.length === 0 ? undefined : byIt}`;
}

function places(groups: readonly (readonly [string, readonly ReportRow[]])[]): Markup {
  const links = groups.map(
    ([namespace, { length }]) => markup`<li><a href="#${placeId(namespace)}">${namespace}</a>: ${length}</li>`,
  );
  return markup`<nav>\n<h2>Attempts by namespace</h2>\n<ul class="list">${links}</ul>\n</nav>\n`;
}

function placeId(namespace: string): string {
  return `ns-${namespace.replaceAll(/[^a-z0-9-]/g, '_')}`;
}

function countWords({ sessions, attempts, people, live }: Totals): string {
  return `${counted(sessions, 'session')}, ${counted(attempts, 'attempt')}, ${counted(people, 'requester')}, ${live} live now`;
}

function sample(kind: string, words: string): Markup {
  const rect = markup`<rect class="${kind}" x="2" y="3" width="24" height="6"/>`;
  return markup`<span><svg width="28" height="12" aria-hidden="true">${rect}</svg>${words}</span>`;
}

const LEGEND = markup`<p class="legend">${[
  sample('over', 'ended'),
  sample('live', 'live'),
  sample('unsure', 'over, not confirmed ended'),
  sample('never', 'waits, or never ran'),
]}</p>\n`;
