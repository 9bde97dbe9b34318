import { describe, expect, it } from '@jest/globals';
import type { DebugSession, Run } from '../../../src/api/debugsession.ts';
import { RunMemory } from '../../../src/reconcile/run-memory.ts';
import { later } from '../../../src/session/look/objection.ts';
import { aSession } from '../../support/builders/builders.ts';

const KEY = 'shop/inspect-web';
const RUN: Run = { attempt: 1, state: 'Starting' };
const REFUSED = later('ApiUnavailable', 'etcd is away');

function inAttempt(attempt: number, uid = aSession().metadata.uid): DebugSession {
  return aSession({}, { metadata: { uid }, status: { attempt } });
}

describe('what a process remembers of a run', () => {
  it('a process remembers when it injected, and what the API server said', () => {
    const memory = new RunMemory();
    expect(memory.of(inAttempt(1))).toEqual({});
    memory.refused(inAttempt(1), RUN, REFUSED);
    expect(memory.of(inAttempt(1))).toEqual({ refused: REFUSED });
    memory.injected(inAttempt(1), RUN, 17);
    expect(memory.of(inAttempt(1))).toEqual({ injectedAt: 17 });
  });

  it.each<[string, () => DebugSession]>([
    ['the next attempt', () => inAttempt(2)],
    ['a session that was created anew under the name', () => inAttempt(1, 'another')],
    ['a session that has lost its status', () => aSession({}, { status: {} })],
  ])('a process remembers nothing of %s', (_what, session) => {
    const memory = new RunMemory();
    memory.injected(inAttempt(1), RUN, 17);
    memory.refused(inAttempt(1), RUN, REFUSED);
    expect(memory.of(session())).toEqual({});
  });

  it('a process forgets what it knew of a session that nobody looks at any more', () => {
    const memory = new RunMemory();
    memory.injected(inAttempt(1), RUN, 17);
    memory.refused(inAttempt(1), RUN, REFUSED);
    memory.forget(KEY);
    expect(memory.of(inAttempt(1))).toEqual({});
  });
});
