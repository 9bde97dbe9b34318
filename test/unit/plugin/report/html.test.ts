import { createHash } from 'node:crypto';
import { defaultTreeAdapter, type DefaultTreeAdapterTypes as Tree, parse, type ParserError } from 'parse5';
import { describe, expect, it } from '@jest/globals';
import { BLIND_SPOTS } from '../../../../src/plugin/report/blind-spots.ts';
import { newestFirst } from '../../../../src/plugin/report/choose-rows.ts';
import { htmlParts } from '../../../../src/plugin/report/html.ts';
import { type ReportRow, rowsOf } from '../../../../src/plugin/report/row.ts';
import { totalsOf } from '../../../../src/plugin/report/totals.ts';
import { manySessions } from '../../../support/builders/many-sessions.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');

/** The report as a browser reads it, and what is wrong with it as HTML. */
function page(rows: readonly ReportRow[]): { all: Tree.Element[]; faults: string[]; source: string } {
  const period = { since: NOW - 30 * 86_400_000, until: NOW };
  const source = [...htmlParts({ now: NOW, period, rows, totals: totalsOf(rows) })].join('');
  const faults: string[] = [];
  const onParseError = ({ code, startLine }: ParserError): void => void faults.push(`${code} in line ${startLine}`);
  return { all: elements(parse(source, { onParseError })), faults, source };
}

function elements(node: Tree.ParentNode): Tree.Element[] {
  return node.childNodes.flatMap((child) =>
    defaultTreeAdapter.isElementNode(child) ? [child, ...elements(child)] : [],
  );
}

function textOf(node: Tree.ParentNode): string {
  return node.childNodes
    .map((child) => {
      if (defaultTreeAdapter.isTextNode(child)) return child.value;
      return defaultTreeAdapter.isElementNode(child) ? textOf(child) : '';
    })
    .join('');
}

function attribute(element: Tree.Element | undefined, name: string): string | undefined {
  return element?.attrs.find((one) => one.name === name)?.value;
}

function named(all: readonly Tree.Element[], tag: string): Tree.Element[] {
  return all.filter(({ tagName }) => tagName === tag);
}

function rowsFor(count: number): ReportRow[] {
  return newestFirst(manySessions(count, NOW).flatMap((session) => rowsOf(session, NOW)));
}

const KNOWN_TAGS =
  'html head meta title style body main h1 h2 p div ul li dl dt dd nav a section span figure figcaption svg rect line text table thead tbody tr th td b footer'.split(
    ' ',
  );

describe('the HTML report', () => {
  it.each([0, 1, 300])('the HTML report with %d sessions is well formed, loads nothing and runs nothing', (count) => {
    const { all, faults } = page(rowsFor(count));
    expect(faults).toEqual([]);
    const tags = new Set(all.map(({ tagName }) => tagName));
    // In SVG a title is what a bar says of itself.
    expect([...tags].filter((tag) => !KNOWN_TAGS.includes(tag))).toEqual([]);
    const attributes = new Set(all.flatMap(({ attrs }) => attrs.map(({ name }) => name)));
    expect([...attributes].filter((name) => /^on|^style$|^src/.test(name))).toEqual([]);
    const links = named(all, 'a').map((element) => attribute(element, 'href') ?? '');
    const ids = all.flatMap((element) => attribute(element, 'id') ?? []);
    expect(links.filter((link) => !ids.includes(link.replace(/^#/, '')))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('the HTML report of 5,000 sessions comes in parts, and no part holds the whole', () => {
    const rows = rowsFor(5_000);
    const period = { since: NOW - 30 * 86_400_000, until: NOW };
    let records = 0;
    let longest = 0;
    for (const part of htmlParts({ now: NOW, period, rows, totals: totalsOf(rows) })) {
      if (part.startsWith('<tr>')) records += 1;
      longest = Math.max(longest, part.length);
    }
    expect(records).toBe(rows.length);
    // The longest part is the time line of a namespace.
    expect(longest).toBeLessThan(500_000);
  });

  it('the HTML report allows its own style by checksum, and no other content', () => {
    const { all } = page([]);
    const meta = named(all, 'meta').find((one) => attribute(one, 'http-equiv') === 'Content-Security-Policy');
    const style = named(all, 'style').map((one) => textOf(one));
    const sum = createHash('sha256')
      .update(style[0] ?? '')
      .digest('base64');
    expect(style).toHaveLength(1);
    expect(style[0]).not.toMatch(/url\(|@import/);
    expect(attribute(meta, 'content')).toBe(
      `default-src 'none'; style-src 'sha256-${sum}'; base-uri 'none'; form-action 'none'`,
    );
  });

  it('the HTML report begins with its blind spots and the totals', () => {
    const { all } = page(rowsFor(40));
    const main = named(all, 'main')[0];
    const text = main === undefined ? '' : textOf(main);
    for (const line of BLIND_SPOTS) expect(text.indexOf(line)).toBeGreaterThan(0);
    expect(text.indexOf('What this report cannot know')).toBeLessThan(text.indexOf('not confirmed ended'));
    const boxes = named(all, 'dd').map((one) => textOf(one));
    expect(boxes.slice(0, 2)).toEqual(['40', String(rowsFor(40).length)]);
  });

  it('the HTML report has a section with a time line and a table for each namespace', () => {
    const rows = rowsFor(300);
    const { all } = page(rows);
    const places = [...new Set(rows.map(({ namespace }) => namespace))].toSorted();
    const sections = named(all, 'section');
    expect(sections.map((one) => attribute(named(elements(one), 'h2')[0], 'id'))).toEqual(
      places.map((one) => `ns-${one}`),
    );
    for (const [index, section] of sections.entries()) {
      const own = rows.filter(({ namespace }) => namespace === places[index]);
      const inside = elements(section);
      expect(named(inside, 'tr')).toHaveLength(own.length + 1);
      expect(named(inside, 'rect')).toHaveLength(own.length);
    }
  });

  it('the HTML report draws each bar where its time lies in the period', () => {
    const [row] = rowsFor(1);
    const halfway = { started: '2026-11-13T12:00:00Z', ended: '2026-11-16T12:00:00Z', live: false };
    const { all } = page([{ ...row, ...halfway } as ReportRow]);
    const bar = named(
      named(all, 'section').flatMap((one) => elements(one)),
      'rect',
    )[0];
    expect([attribute(bar, 'x'), attribute(bar, 'width')]).toEqual(['50%', '10%']);
  });

  it('the HTML report says how many bars it leaves out where 500 sessions run at once', () => {
    const [row] = rowsFor(1);
    const many = Array.from({ length: 500 }, (_, index) => ({ ...row, session: `s-${index}` }) as ReportRow);
    const { all } = page(many);
    expect(named(all, 'figcaption').map((one) => textOf(one))).toEqual(['460 more at the same times are not drawn.']);
  });

  it('the HTML report shows hostile text of the cluster as text without control characters', () => {
    const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>'&amp;\u0000\u001b[2J\u202e`;
    const [row] = rowsFor(1);
    const texts = Object.fromEntries(
      ['namespace', 'session', 'requester', 'reason', 'policy', 'pod', 'node', 'joined', 'container', 'image']
        .concat(
          'imageID',
          'command',
          'endedBy',
          'endMessage',
          'endReason',
          'started',
          'ended',
          'deadline',
          'stopMessage',
        )
        .map((key) => [key, evil]),
    );
    const lists = { attachers: [evil], during: [evil], changed: [evil], allowances: [evil] };
    const { all, faults, source } = page([{ ...row, ...texts, ...lists } as ReportRow]);
    expect(faults).toEqual([]);
    expect(named(all, 'script').concat(named(all, 'img'))).toEqual([]);
    expect(textOf(named(all, 'main')[0] as Tree.Element)).toContain(`"><script>alert(1)</script>`);
    // eslint-disable-next-line no-control-regex
    expect(source).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });
});
