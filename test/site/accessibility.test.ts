import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { axeFaults } from '../support/site/axe.ts';
import { BuiltSite } from '../support/site/built-site.ts';

// What axe says of one page of each kind, and of what the switch and the menu change. What is on one page alone:
// test/site/pages.test.ts.

/** One page of each kind: all of a kind have the same colours, and the same around what they say. */
const KINDS = [
  'index.html',
  'overview.html',
  'install.html',
  'reference.html',
  'fields/debugpolicy.html',
  'guides/gitops.html',
  'adr/0042-the-chart-is-written-from-config.html',
  'source/charts/debugsession/values.yaml.html',
  '404.html',
];

let site: BuiltSite;

beforeAll(async () => {
  site = await BuiltSite.open();
});

afterAll(() => site.close());

async function open(path: string, scheme: 'light' | 'dark', width = 1280): Promise<Page> {
  const page = await site.window({ width, scheme });
  await page.goto(site.address(path), { waitUntil: 'networkidle' });
  return page;
}

describe.each(['light', 'dark'] as const)('the site in %s', (scheme) => {
  it('the pages have the colours that the system of the reader asks for', async () => {
    const page = await open('install.html', scheme);
    const colour = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const [red = 0] = (/\d+/.exec(colour) ?? []).map(Number);
    expect(red > 128).toBe(scheme === 'light');
    await page.context().close();
  });
});

it.each(['light', 'dark'] as const)('axe finds no fault on each kind of page in %s', async (scheme) => {
  const page = await site.window({ width: 1280, scheme });
  const faults: Record<string, string[]> = {};
  for (const path of KINDS) {
    await page.goto(site.address(path));
    faults[path] = await axeFaults(page);
  }
  await page.context().close();
  expect(faults).toEqual(Object.fromEntries(KINDS.map((path) => [path, []])));
});

it('the switch of the colours is kept for the next page', async () => {
  const page = await open('install.html', 'light');
  await page.locator('.VPNavBarAppearance button').click();
  await page.goto(site.address('overview.html'));
  expect(await page.evaluate<boolean>('document.documentElement.classList.contains("dark")')).toBe(true);
  await page.context().close();
});

it('axe finds no fault on a narrow window with the menu open', async () => {
  const page = await open('install.html', 'light', 360);
  await page.locator('.VPLocalNav .menu').click();
  await page.locator('.VPSidebar.open').waitFor();
  expect(await axeFaults(page)).toEqual([]);
  await page.context().close();
});
