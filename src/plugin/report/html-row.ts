import { lengthOfTime } from '../words/length-of-time.ts';
import { type Markup, markup } from './markup.ts';
import type { ReportRow } from './row.ts';
import { certainWords, endWords, moment } from './text.ts';
import { isUnconfirmed } from './totals.ts';

const COLUMNS: readonly [string, (row: ReportRow) => Markup[]][] = [
  ['When', when],
  ['Session', session],
  ['Who', who],
  ['Why', why],
  ['What', what],
  ['How it ended', how],
];

/** Opens the table of a namespace. */
export const TABLE_HEAD: Markup = markup`<table>
<thead><tr>${COLUMNS.map(([name]) => markup`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>
`;

/** One attempt. On a narrow screen each cell shows its column by `data-label`. */
export function htmlRow(row: ReportRow): Markup {
  const cells = COLUMNS.map(([name, cell]) => markup`<td data-label="${name}">${cell(row)}</td>`);
  return markup`<tr>${cells}</tr>\n`;
}

type Style = 'plain' | 'small' | 'code';

/** A line of a cell; nothing where there is nothing to say. */
function line(label: string, value: string | undefined, style: Style = 'small'): Markup[] {
  if (value === undefined || value === '') return [];
  return [markup`<div class="${style}">${`${label} ${value}`}</div>`];
}

function bold(value: string, more?: Markup): Markup {
  return markup`<div class="plain"><b>${value}</b>${more}</div>`;
}

function when({ asked, started, ended, durationSeconds = 0, deadline, live }: ReportRow): Markup[] {
  const ran = `${live ? 'runs for' : 'ran for'} ${lengthOfTime(durationSeconds * 1000)}`;
  return [
    bold(moment(started ?? asked)),
    ...line('', started === undefined ? 'requested, never started' : ran, 'plain'),
    ...line('ended', ended === undefined ? undefined : moment(ended)),
    ...line('deadline', deadline === undefined ? undefined : moment(deadline)),
  ];
}

function session({ session: name, attempt, pod, joined, container, node }: ReportRow): Markup[] {
  return [
    bold(name, attempt === 1 ? undefined : markup` attempt ${attempt}`),
    ...line('pod', pod, 'plain'),
    ...line('joins', joined === '*' ? 'all containers' : joined),
    ...line('as', container),
    ...line('on', node),
  ];
}

function who({ requester, attachers }: ReportRow): Markup[] {
  return [
    ...(requester === undefined ? line('', 'requester unknown') : [bold(requester)]),
    ...line('', requester === undefined ? undefined : 'by spec.requestedBy'),
    ...line('could attach too:', attachers.join(', ')),
  ];
}

function why({ reason, policy, allowances }: ReportRow): Markup[] {
  return [
    ...line('', reason ?? 'no reason given', reason === undefined ? 'small' : 'plain'),
    ...line('policy', policy),
    ...line('with', allowances.join(', ')),
  ];
}

function what({ image, imageID, command, changed }: ReportRow): Markup[] {
  return [
    ...line('', image, 'plain'),
    ...line('', imageID?.replace(/^.*@/, ''), 'code'),
    ...line('', command, 'code'),
    ...line('changed by admission:', changed.join(', ')),
  ];
}

function how(row: ReportRow): Markup[] {
  const isUnsure = isUnconfirmed(row);
  const certain = isUnsure ? `${certainWords(row)}: ${row.stopMessage ?? 'nothing said why'}` : certainWords(row);
  return [
    bold(endWords(row), markOf(row)),
    ...line('', row.endMessage),
    ...line('certain:', row.ended === undefined ? undefined : certain),
    ...line('meanwhile:', row.during.join('; ')),
  ];
}

function markOf(row: ReportRow): Markup | undefined {
  if (row.live) return markup` <span class="mark live">live</span>`;
  return isUnconfirmed(row) ? markup` <span class="mark unsure">not confirmed</span>` : undefined;
}
