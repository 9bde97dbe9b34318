import { expect, it } from '@jest/globals';
import { toTimestamp } from '../../../src/api/time.ts';
import { isPolled, pauseOf } from '../../../src/reconcile/poll.ts';
import { aSession, NOON } from '../../support/builders/builders.ts';
import { OPEN_RULES } from '../../support/builders/open-policy.ts';

it.each([
  ['has just begun to wait', 0, 3_000],
  ['waits for a minute', 60_000, 6_000],
  ['waits for an hour', 3_600_000, 60_000],
])('the pause before the next look grows with the wait of a session that %s', (_words, ms, pause) => {
  const session = aSession({}, { status: { phase: 'Pending', waitingSince: toTimestamp(NOON - ms) } });
  expect(pauseOf(session, NOON)).toBe(pause);
});

it('a session that does not wait yet is looked at again after the shortest pause', () => {
  const session = aSession();
  delete session.status;
  expect(pauseOf(session, NOON)).toBe(3_000);
});

it('a waiting session is polled where the labels of its namespace cannot be read, and only there', () => {
  const session = aSession({}, { status: { phase: 'Pending' } });
  const situation = { session, sighting: { kind: 'gone' }, now: NOON } as const;
  const unread = { ...OPEN_RULES, namespace: { ...OPEN_RULES.namespace, unread: 'no' } };
  expect([isPolled(situation), isPolled({ ...situation, rules: unread })]).toEqual([false, true]);
  expect(isPolled({ ...situation, session: aSession(), rules: unread })).toBe(false);
});
