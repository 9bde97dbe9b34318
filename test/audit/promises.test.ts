import { expect, it } from '@jest/globals';
import { check } from '../invariants/check.ts';
import { withoutPlayed } from '../invariants/facts.ts';
import { readFacts } from '../invariants/read-log.ts';
import { describeBroken } from '../invariants/report.ts';
import { auditLogs } from './operator-requests.ts';

it('no operator broke a promise in any suite', async () => {
  const logs = await Promise.all(auditLogs().map((file) => readFacts(file, '')));
  const broken = logs.flatMap((facts) => check(withoutPlayed(facts)));
  expect(describeBroken(broken)).toBe('');
  expect(logs.flat().length).toBeGreaterThan(1_000);
});
