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

/** What axe finds wrong on the page as it is now: one line each, with the first two places. */
export async function axeFaults(page: Page): Promise<string[]> {
  await page.evaluate(source);
  const { violations } = await page.evaluate<{ violations: Violation[] }>(
    `axe.run(document, ${JSON.stringify(OPTIONS)})`,
  );
  return violations.map(({ id, nodes }) => {
    const places = nodes.slice(0, 2).map(({ target, failureSummary = '' }) => {
      return `${target.join(' ')} (${failureSummary.split('\n')[1]?.trim() ?? ''})`;
    });
    return `${id}, ${nodes.length} times: ${places.join('; ')}`;
  });
}
