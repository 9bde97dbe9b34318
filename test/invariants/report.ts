import type { BrokenPromise } from './check.ts';

/** The most of each promise that a report shows: after these it only counts. */
const SHOWN = 5;

/** A report for people: each promise with the requests that broke it. Empty when none is broken. */
export function describeBroken(broken: readonly BrokenPromise[]): string {
  const byPromise = Map.groupBy(broken, ({ promise }) => promise);
  return [...byPromise]
    .map(([promise, cases]) => {
      const shown = cases
        .slice(0, SHOWN)
        .map(({ object, history }) => [`  ${object}`, ...history.map((line) => `    ${line}`)].join('\n'));
      const rest = cases.length > SHOWN ? [`  and ${cases.length - SHOWN} more`] : [];
      return [`Broken: ${promise}`, ...shown, ...rest].join('\n');
    })
    .join('\n');
}
