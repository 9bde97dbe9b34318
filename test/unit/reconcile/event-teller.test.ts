import { describe, expect, it } from '@jest/globals';
import { EventTeller } from '../../../src/reconcile/event-teller.ts';
import type { EventRecord } from '../../../src/runtime/event.ts';
import type { EventIntent } from '../../../src/session/status/events.ts';
import { aSession } from '../../support/builders/builders.ts';

const session = {
  apiVersion: 'debugsession.dev/v1alpha1',
  kind: 'DebugSession',
  name: 'inspect-web',
  namespace: 'shop',
};
const pod = { apiVersion: 'v1', kind: 'Pod', name: 'web-1', namespace: 'shop', uid: 'pod-uid-1' };

function told(intent: Partial<EventIntent>): EventRecord | undefined {
  const records: EventRecord[] = [];
  const teller = new EventTeller({ record: (event) => records.push(event) });
  const all = { type: 'Normal', reason: 'Injected', action: 'Inject', note: 'words', key: 'k' } as const;
  teller.tell(aSession(), { ...all, ...intent });
  return records[0];
}

describe('an event', () => {
  it('an event regards the session by uid, and is related to its pod', () => {
    expect(told({ podName: 'web-1', podUID: 'pod-uid-1' })).toEqual({
      regarding: { ...session, uid: aSession().metadata.uid },
      related: pod,
      type: 'Normal',
      reason: 'Injected',
      action: 'Inject',
      note: 'words',
      key: 'k',
    });
  });

  it('the words of the requester stand at the end of an event, after those of the operator', () => {
    expect(told({ note: 'Injected it', because: 'INC-1; admission changed it' })?.note).toBe(
      'Injected it: INC-1; admission changed it',
    );
  });

  it('an event is related to nothing while the session has no pod', () => {
    expect(told({})).not.toHaveProperty('related');
  });
});
