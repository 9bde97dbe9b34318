import { toTimestamp } from '../../api/time.ts';
import { BLIND_SPOTS } from './blind-spots.ts';
import type { Report } from './report.ts';

/** The parts of one JSON document, in order. Each row is written on its own, so that no text of all of them is made. */
export function* jsonParts({ now, period, namespace, requester, rows, totals }: Report): Generator<string> {
  const head = {
    madeAt: toTimestamp(now),
    ...(period.since !== undefined && { since: toTimestamp(period.since) }),
    until: toTimestamp(period.until),
    ...(namespace !== undefined && { namespace }),
    ...(requester !== undefined && { requester }),
    cannotKnow: BLIND_SPOTS,
    totals,
  };
  yield `${JSON.stringify(head, undefined, 2).slice(0, -2)},\n  "attempts": [`;
  for (const [index, row] of rows.entries()) yield `${index === 0 ? '' : ','}\n    ${JSON.stringify(row)}`;
  yield `${rows.length === 0 ? '' : '\n  '}]\n}\n`;
}
