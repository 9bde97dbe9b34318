import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The rules of WCAG 2.2 AA, and axe's own of headings and landmarks. */
const OPTIONS = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  resultTypes: ['violations'],
};

interface Violation {
  id: string;
  nodes: { target: string[]; failureSummary?: string }[];
}

/**
 * What axe finds wrong on the page as it is now: one line each, with the first two places.
 * @param part what it looks at. Default: all. `main`: without what all pages of a kind have the same, which is most.
 */
export async function axeFaults(page: Page, part: 'all' | 'main' = 'all'): Promise<string[]> {
  // The page is as people have it once its program has taken it over.
  await page.waitForFunction('document.querySelector("#app").__vue_app__ !== undefined');
  await page.evaluate(source);
  const root = part === 'main' ? "document.querySelector('main') ?? document" : 'document';
  const { violations } = await page.evaluate<{ violations: Violation[] }>(
    `axe.run(${root}, ${JSON.stringify(OPTIONS)})`,
  );
  return violations.map(({ id, nodes }) => {
    const places = nodes.slice(0, 2).map(({ target, failureSummary = '' }) => {
      return `${target.join(' ')} (${failureSummary.split('\n')[1]?.trim() ?? ''})`;
    });
    return `${id}, ${nodes.length} times: ${places.join('; ')}`;
  });
}
