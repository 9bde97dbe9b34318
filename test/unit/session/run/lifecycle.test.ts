import { describe, expect, it } from '@jest/globals';
import { type DebugSession, FINALIZER, LIVE_LABEL } from '../../../../src/api/debugsession.ts';
import {
  currentRun,
  hasGuard,
  hasLapsed,
  isGuarded,
  isWaiting,
  wantsStart,
} from '../../../../src/session/run/lifecycle.ts';
import { aSession, NOON } from '../../../support/builders/builders.ts';

describe('the guard of a session', () => {
  const finalizers = [FINALIZER];
  const labels = { [LIVE_LABEL]: 'true' };

  it.each<[string, Partial<DebugSession['metadata']>, boolean, boolean]>([
    ['its finalizer and its label', { finalizers, labels }, true, true],
    ['its finalizer alone', { finalizers }, true, false],
    ['its finalizer and other labels', { finalizers, labels: { team: 'shop' } }, true, false],
    ['its finalizer and a label of another value', { finalizers, labels: { [LIVE_LABEL]: 'false' } }, true, false],
    ['its label alone', { labels }, true, false],
    ['its label and another finalizer', { finalizers: ['foregroundDeletion'], labels }, true, false],
    ['neither', {}, false, false],
  ])('a session has a guard by any part, and is guarded by the whole: %s', (_words, metadata, has, is) => {
    const session = aSession({}, { metadata });
    expect([hasGuard(session), isGuarded(session)]).toEqual([has, is]);
  });
});

describe('a session that no operator has seen', () => {
  const session = aSession();
  delete session.status;

  it('a session without a status wants its start, has no run and does not wait', () => {
    expect([wantsStart(session), currentRun(session), isWaiting(session)]).toEqual([true, undefined, false]);
  });
});

describe('the time after which no run starts', () => {
  it.each([
    ['before notAfter', -1_000, false],
    ['in the moment of notAfter', 0, false],
    ['after notAfter', 1, true],
  ])('a session has lapsed only after notAfter: %s', (_words, ms, wanted) => {
    expect(hasLapsed(aSession({ notAfter: '2026-01-01T12:00:00Z' }), NOON + ms)).toBe(wanted);
  });
});
