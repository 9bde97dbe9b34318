import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { BuiltSite } from '../support/site/built-site.ts';

// Words that people type, and a page that has to be among the first answers.

const WORDS = [
  ['install', 'install'],
  ['helm', 'install'],
  ['uninstall', 'install'],
  ['upgrade', 'install'],
  ['ttl', 'debugsession'],
  ['cancel', 'debugsession'],
  ['attach', 'guides/attach-again'],
  ['crashloop', 'guides/crash-looping'],
  ['distroless', 'guides/processes'],
  ['tcpdump', 'guides/network'],
  ['rbac', 'guides/rbac'],
  ['policy', 'debugpolicy'],
  ['argo cd', 'guides/argo-cd'],
  ['flux', 'guides/flux'],
  ['headlamp', 'guides/headlamp'],
  ['backstage', 'guides/backstage'],
  ['metrics', 'observability'],
  ['ImagePullFailed', 'reference'],
  ['StopConfirmed', 'debugsession'],
  ['leader-elect', 'flags'],
  ['audit', 'guides/audit'],
  ['kubectl dbg doctor', 'kubectl-dbg'],
  ['secret', 'debugsession'],
  ['spec.attempt', 'debugsession'],
] as const;

const FIRST = 10;

let site: BuiltSite;
let page: Page;

beforeAll(async () => {
  site = await BuiltSite.open();
  page = await site.window();
  await page.goto(site.address('index.html'), { waitUntil: 'networkidle' });
});

afterAll(() => site.close());

/** Types into the search. @returns the pages of the answers, best first */
async function search(words: string): Promise<string[]> {
  await page.keyboard.press('Control+k');
  const box = page.locator('.VPLocalSearchBox');
  await box.locator('input').fill(words);
  await box.locator('.results li a, .no-results').first().waitFor();
  // One answer for each page and heading, in the order of the list.
  const links = await Promise.all(
    (await box.locator('.results li a').all()).slice(0, FIRST).map((link) => link.getAttribute('href')),
  );
  await page.keyboard.press('Escape');
  await box.waitFor({ state: 'detached' });
  return links.map((href) => (href ?? '').replace(/^\//, '').replace(/(?:\.html)?(?:#.*)?$/, ''));
}

describe('the search', () => {
  it.each(WORDS)('the search finds "%s" on the page %s', async (words, path) => {
    expect(await search(words)).toContain(path);
  });

  it('the search says so when there is nothing', async () => {
    expect(await search('qqqzzz')).toEqual([]);
  });
});
