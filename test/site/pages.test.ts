import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { repositoryPath } from '../support/documents/crd.ts';
import { axeFaults } from '../support/site/axe.ts';
import { BuiltSite, builtPages } from '../support/site/built-site.ts';

// The site as a browser has it: every page is opened once, wide and then narrow.

/** What one page has and does. */
interface Seen {
  title: string;
  ids: Set<string>;
  links: string[];
  headings: number[];
  /** How many columns of its tables have no name. */
  emptyHeaders: number;
  /** How many pixels of it are beyond the right edge, by the width of the window. */
  beyond: Record<number, number>;
  /** What axe finds wrong in what it says. */
  barriers: string[];
}

const LOOK = readFileSync(repositoryPath('test/support/site/look-in-page.js'), 'utf8');
const WIDE = 1280;
const NARROW = 360;

let site: BuiltSite;
const seen = new Map<string, Seen>();
const elsewhere: string[] = [];
const faults: string[] = [];

async function look(page: Page, path: string): Promise<Seen> {
  await page.setViewportSize({ width: WIDE, height: 900 });
  await page.goto(site.address(path), { waitUntil: 'load' });
  const found = await page.evaluate<Omit<Seen, 'ids' | 'beyond' | 'barriers'> & { ids: string[] }>(LOOK);
  const barriers = await axeFaults(page, 'main');
  const beyond: Seen['beyond'] = {};
  for (const width of [WIDE, NARROW]) {
    await page.setViewportSize({ width, height: 900 });
    beyond[width] = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
  }
  return { ...found, ids: new Set(found.ids), beyond, barriers };
}

beforeAll(async () => {
  site = await BuiltSite.open();
  const paths = builtPages();
  const next = paths[Symbol.iterator]();
  const openPages = async (): Promise<void> => {
    const page = await site.window();
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(site.server.origin) && !url.startsWith('data:') && !url.startsWith('blob:'))
        elsewhere.push(url);
    });
    page.on('pageerror', (error) => faults.push(`${page.url()}: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(`${page.url()}: ${message.text()}`);
    });
    for (const path of next) seen.set(path, await look(page, path));
  };
  await Promise.all([openPages(), openPages()]);
});

afterAll(() => site.close());

describe('the site', () => {
  it('every page has a title, and no page has a fault in the console of the browser', () => {
    expect(seen.size).toBeGreaterThan(60);
    expect(
      [...seen]
        .filter(([, { title }]) => !title.endsWith('DebugSession') && !title.startsWith('DebugSession'))
        .map(([path]) => path),
    ).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('no page asks another host for anything', () => {
    expect(elsewhere).toEqual([]);
  });

  it('every link inside the site leads to a page and, with an anchor, to a place in it', () => {
    // Every page has the links of the sidebar: each broken one is named once, with a page that has it.
    const broken = new Map(
      [...seen].flatMap(([path, { links }]) =>
        links.filter((href) => !leadsSomewhere(href)).map((href) => [href, path] as const),
      ),
    );
    const anchors = [...seen.values()].flatMap(({ links }) => links).filter((href) => href.includes('#'));
    expect(anchors.length).toBeGreaterThan(500);
    expect([...broken]).toEqual([]);
  });

  it('every page has one heading of the first level, and leaves out no level below it', () => {
    const wrong = [...seen]
      .filter(([path]) => path !== '404.html')
      .filter(([, { headings }]) => {
        const first = headings.filter((level) => level === 1).length;
        return first !== 1 || headings.some((level, index) => index > 0 && level > (headings[index - 1] ?? 0) + 1);
      });
    expect(wrong.map(([path, { headings }]) => `${path}: ${headings.join(' ')}`)).toEqual([]);
  });

  it('every column of a table has a name', () => {
    expect([...seen].filter(([, { emptyHeaders }]) => emptyHeaders > 0).map(([path]) => path)).toEqual([]);
  });

  it('axe finds no fault in what a page says', () => {
    expect(
      [...seen].filter(([, { barriers }]) => barriers.length > 0).map(([path, one]) => [path, ...one.barriers]),
    ).toEqual([]);
  });

  it.each([WIDE, NARROW])('no page is wider than a window of %d pixels', (width) => {
    const tooWide = [...seen].filter(([, { beyond }]) => (beyond[width] ?? 1) > 0);
    expect(tooWide.map(([path, { beyond }]) => `${path}: ${beyond[width]}`)).toEqual([]);
  });
});

function leadsSomewhere(href: string): boolean {
  const url = new URL(href);
  if (url.origin !== site.server.origin) return true;
  const path = decodeURIComponent(url.pathname).slice(1);
  const target = seen.get(path === '' || path.endsWith('/') ? `${path}index.html` : path);
  if (target === undefined) return false;
  return url.hash === '' || target.ids.has(decodeURIComponent(url.hash.slice(1)));
}
