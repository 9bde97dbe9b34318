import { describe, expect, it } from '@jest/globals';
import type { DebugApproval } from '../../../../src/api/debugapproval.ts';
import type { PolicyApproval } from '../../../../src/api/debugpolicy.ts';
import type { DebugSessionSpec } from '../../../../src/api/debugsession.ts';
import { requestHashOf } from '../../../../src/api/request-hash.ts';
import type { ApprovalsView } from '../../../../src/session/look/approvals.ts';
import { anApproval } from '../../../support/builders/approvals.ts';
import { ARRIVED_MS, NOON } from '../../../support/builders/builders.ts';
import { OPEN_POLICY, OPEN_RULES } from '../../../support/builders/open-policy.ts';
import { World } from '../../../support/world/world.ts';

const MINUTE = 60_000;

/** A session of dana under a policy that demands approvals, one minute after it was asked for. */
class Scene extends World {
  readonly demand: PolicyApproval;
  approvals: DebugApproval[] = [];
  withoutRight: string[] = [];
  view: ApprovalsView | undefined;

  constructor(demand: PolicyApproval, spec: Partial<DebugSessionSpec> = {}) {
    super({ pendingTimeout: '3h', ...spec });
    this.demand = demand;
    this.now = NOON + MINUTE;
  }

  approve(username: string, rest: Parameters<typeof anApproval>[2] = {}): DebugApproval {
    const approval = anApproval(this.session, username, rest);
    this.approvals.push(approval);
    return approval;
  }

  override look(): ReturnType<World['look']> {
    const known: ApprovalsView = {
      kind: 'known',
      authority: { kind: 'inForce', since: NOON - 60 * MINUTE },
      approvals: this.approvals,
      withoutRight: this.withoutRight,
    };
    const spec = { ...OPEN_POLICY, approval: this.demand };
    this.rules = { ...OPEN_RULES, policy: { kind: 'found', spec }, approvals: this.view ?? known };
    return super.look();
  }

  /** Phase and reason once nothing is left to do. */
  settled(): string {
    this.settle();
    const { phase, reason } = this.session.status ?? {};
    return [phase, reason].filter((word) => word !== undefined).join(' ');
  }

  get words(): string {
    return this.message('Reconciling');
  }
}

const WAITS = 'Pending ApprovalRequired';

describe('a session under a policy that demands approvals', () => {
  it('a session waits for an approval, and says how many are missing, who can give one, and how', () => {
    const scene = new Scene({ required: 2 });
    expect(scene.settled()).toBe(WAITS);
    expect(scene.words).toBe(
      'DebugPolicy default demands 2 approvals, and none is given. Anybody but dana with the verb approve on DebugPolicy default in namespace shop can give one: kubectl dbg approve inspect-web -n shop',
    );
    expect(scene.condition('Accepted')).toBe('Unknown ApprovalRequired');
    expect(scene.session.status?.approval).toEqual({
      requestHash: requestHashOf(scene.session.spec),
      policyName: 'default',
      required: 2,
      given: 0,
    });
    expect(scene.told).toEqual(['ApprovalRequired']);
  });

  it('a session starts once enough people approve it, and records and tells who and when', () => {
    const scene = new Scene({ required: 2 });
    scene.settle();
    scene.approve('alice', { spec: { reason: 'INC-4711' } });
    expect(scene.settled()).toBe(WAITS);
    expect(scene.words).toMatch(/demands 2 approvals, and 1 is given \(by alice\)\. Anybody/);
    expect(scene.session.status?.approval?.given).toBe(1);
    scene.approve('bob', { metadata: { creationTimestamp: '2026-01-01T12:00:45Z' } });
    expect(scene.settled()).toBe('Starting');
    const at = '2026-01-01T12:00:30Z';
    expect(scene.run.approvedBy).toEqual([
      { username: 'alice', at, name: 'inspect-web-alice', approvalUID: 'uid-of-alice', reason: 'INC-4711' },
      { username: 'bob', at: '2026-01-01T12:00:45Z', name: 'inspect-web-bob', approvalUID: 'uid-of-bob' },
    ]);
    expect(scene.session.status?.approvers).toBe('alice, bob');
    expect(scene.session.status?.approval).toBeUndefined();
    expect(scene.told).toEqual(['ApprovalRequired', 'Approved', 'Injected']);
    expect(scene.events.find(({ reason }) => reason === 'Approved')?.note).toBe(
      `Attempt 1 was approved by alice at ${at} (INC-4711), bob at 2026-01-01T12:00:45Z`,
    );
  });

  it('a session waits no longer for an approval than pendingTimeout', () => {
    const scene = new Scene({ required: 1 }, { pendingTimeout: '10m' });
    scene.settle();
    scene.pass(10 * MINUTE + 1_000);
    expect(scene.settled()).toBe('Failed PendingTimeout');
  });

  it('a denial is final, whoever approves', () => {
    const scene = new Scene({ required: 1 });
    scene.settle();
    scene.approve('alice');
    scene.approve('bob', { spec: { decision: 'Deny', reason: 'not\nnow' } });
    expect(scene.settled()).toBe('Failed ApprovalDenied');
    expect(scene.message('Failed')).toBe('bob denied this attempt: not now');
    expect(scene.condition('Accepted')).toBe('False ApprovalDenied');
  });

  it('nobody is asked to approve what the policy refuses', () => {
    const scene = new Scene({ required: 1 }, { ttl: '8761h' });
    expect(scene.settled()).toBe('Failed PolicyDenied');
  });

  it('people approve a session before its pod is there', () => {
    const scene = new Scene({ required: 1 });
    scene.pod = undefined;
    expect(scene.settled()).toBe(WAITS);
    scene.approve('alice');
    expect(scene.settled()).toBe('Pending PodNotFound');
  });
});

describe('approvals that do not count', () => {
  const before = '2026-01-01T11:59:59Z';
  it.each<[string, string, Parameters<typeof anApproval>[2], RegExp]>([
    ['of the requester', 'dana', {}, /that of dana does not count: they asked for the session themselves/],
    [
      'of the requester under another name',
      'd2',
      { spec: { approvedBy: { username: 'd2', uid: 'u-1' } } },
      /themselves/,
    ],
    [
      'of another request',
      'alice',
      { spec: { requestHash: 'f'.repeat(64) } },
      /that of alice .* about another request/,
    ],
    ['under another policy', 'alice', { spec: { policyName: 'other' } }, /names another DebugPolicy/],
    ['without a name', 'alice', { spec: { approvedBy: undefined as never } }, /before the admission policy/],
    ['that is being deleted', 'alice', { metadata: { deletionTimestamp: '2026-01-01T12:00:40Z' } }, /being deleted/],
    ['of the last attempt', 'alice', { spec: { attempt: 2 } }, /none is given\. /],
    ['of another session', 'alice', { spec: { sessionName: 'inspect-db' } }, /none is given\. /],
    ['of an earlier session of the name', 'alice', { spec: { sessionUID: 'uid-before' } }, /none is given\. /],
    [
      'without a uid that are older than the session',
      'alice',
      { spec: { sessionUID: undefined as never }, metadata: { creationTimestamp: before } },
      /it names no uid and is older than the session/,
    ],
    [
      'that were given before the admission policy was in force',
      'alice',
      { metadata: { creationTimestamp: '2026-01-01T11:00:04Z' } },
      /before the admission policy on approvals/,
    ],
  ])('a session does not start by approvals %s', (_, username, rest, words) => {
    const scene = new Scene({ required: 1 }, { requestedBy: { username: 'dana', uid: 'u-1' } });
    scene.approve(username, rest);
    expect(scene.settled()).toBe(WAITS);
    expect(scene.words).toMatch(words);
  });

  it('an approval without a uid counts for a session that is not younger', () => {
    const scene = new Scene({ required: 1 });
    scene.approve('alice', { spec: { sessionUID: undefined as never } });
    expect(scene.settled()).toBe('Starting');
  });

  it('two approvals of one person are one', () => {
    const scene = new Scene({ required: 2 });
    scene.approve('alice', { metadata: { name: 'one', uid: 'one' } });
    scene.approve('alice', { metadata: { name: 'two', uid: 'two' } });
    expect(scene.settled()).toBe(WAITS);
    expect(scene.words).toMatch(/1 is given \(by alice\)/);
  });

  it('the requester does not deny by an approval resource, and may cancel', () => {
    const scene = new Scene({ required: 1 });
    scene.approve('dana', { spec: { decision: 'Deny' } });
    expect(scene.settled()).toBe(WAITS);
  });

  it('an approval counts for validFor from its creation, and the session says so when it stops to count', () => {
    const scene = new Scene({ required: 2, validFor: '5m' });
    scene.approve('alice');
    const wakesIn = scene.settle();
    // Created 30 s after noon, looked at one minute after noon.
    expect(wakesIn).toBe(4.5 * MINUTE);
    scene.pass(4.5 * MINUTE);
    expect(scene.settled()).toBe(WAITS);
    expect(scene.words).toMatch(/none is given; that of alice does not count: its time is over/);
  });

  it('an approval counts for an hour where the policy says nothing', () => {
    const scene = new Scene({ required: 1 });
    scene.approve('alice');
    scene.now = NOON + 60.5 * MINUTE - 1;
    expect(scene.settled()).toBe('Starting');
  });

  it('any change of what was asked for takes an approval back', () => {
    const scene = new Scene({ required: 1 });
    scene.approve('alice');
    scene.session = { ...scene.session, spec: { ...scene.session.spec, command: ['sh', '-c', 'other'] } };
    expect(scene.settled()).toBe(WAITS);
    expect(scene.words).toMatch(/it is about another request/);
  });

  it('the groups of a requester are no part of what is asked for', () => {
    const scene = new Scene({ required: 1 });
    const { spec } = scene.session;
    const other = { ...spec, requestedBy: { username: 'dana', groups: ['others'], extra: { id: ['7'] } } };
    expect(requestHashOf(other)).toBe(requestHashOf(spec));
    expect(requestHashOf({ ...spec, requestedBy: { username: 'erin' } })).not.toBe(requestHashOf(spec));
  });
});

describe('a run that others approved', () => {
  /** It runs, approved by alice for half an hour. */
  function approvedRun(demand: PolicyApproval = { required: 1 }): Scene {
    const scene = new Scene(demand, { ttl: '30m' });
    scene.approve('alice');
    scene.settle();
    scene.starts();
    scene.settle();
    expect(scene.phase).toBe('Running');
    return scene;
  }

  it('a run gets no longer than it was approved for, and its session says what to do', () => {
    const scene = approvedRun();
    scene.edit({ ttl: '1h' });
    scene.settle();
    expect([scene.run.effective?.ttl, scene.told.at(-1)]).toEqual(['30m', 'TtlChangeRefused']);
    expect(scene.events.at(-1)?.note).toContain('it was approved for 30m; raise attempt to ask for more');
    scene.edit({ ttl: '10m' });
    scene.settle();
    expect(scene.effects.at(-1)).toBe('ttl 10m');
  });
});

describe('an approval that is withdrawn while the run lives', () => {
  function running(demand: PolicyApproval): Scene {
    const scene = new Scene(demand, { ttl: '4h' });
    scene.approve('alice');
    scene.settle();
    scene.starts();
    scene.settle();
    return scene;
  }
  const denies = (scene: Scene): void => void scene.approve('bob', { spec: { decision: 'Deny' } });
  const withdraws = (scene: Scene): void => void (scene.approvals = []);
  const lowers = (scene: Scene): void => scene.edit({ ttl: '10m' });
  const cannotRead = (scene: Scene): void => void (scene.view = { kind: 'unread', message: 'no' });
  const runsOut = (scene: Scene): void => scene.pass(2 * 60 * MINUTE);

  it.each<[string, boolean, (scene: Scene) => void, string | undefined]>([
    ['deleted', true, withdraws, 'ApprovalWithdrawn'],
    ['followed by a denial', true, denies, 'ApprovalWithdrawn'],
    ['deleted, where the policy lets it go on', false, withdraws, undefined],
    ['followed by a denial, where the policy lets it go on', false, denies, undefined],
    ['kept while the ttl is lowered', true, lowers, undefined],
    ['not to be read', true, cannotRead, undefined],
    ['out of time', true, runsOut, undefined],
  ])('a run ends only if its policy says so, when its approval is %s', (_, revokeRunning, change, cause) => {
    const scene = running({ required: 1, revokeRunning });
    change(scene);
    scene.settle();
    expect(scene.run.stop?.cause).toBe(cause);
    expect(scene.phase).toBe(cause === undefined ? 'Running' : 'Ending');
  });
});

describe('what cannot be known', () => {
  it.each<[string, ApprovalsView, RegExp]>([
    [
      'the resource is not installed',
      { kind: 'unread', message: 'the server has no debugapprovals; kubectl apply -k config/crd' },
      /the approvals are not known: the server has no debugapprovals; kubectl apply -k config\/crd/,
    ],
    [
      'the admission policy is missing',
      { kind: 'known', authority: { kind: 'missing', message: 'there is none' }, approvals: [] },
      /it is not certain who approves: there is none/,
    ],
  ])('no run begins where %s', (_, view, words) => {
    const scene = new Scene({ required: 1 });
    scene.approve('alice');
    scene.view = view;
    expect(scene.settled()).toBe(WAITS);
    expect(scene.words).toMatch(words);
  });

  it('no run begins where nobody is asked who they are', () => {
    const scene = new Scene({ required: 1 });
    scene.authority = { kind: 'waived' };
    scene.approve('alice');
    expect(scene.settled()).toBe('Failed ApprovalRequired');
  });
});

describe('requesters whom the policy exempts', () => {
  it.each<[string, NonNullable<PolicyApproval['exempt']>[number], string]>([
    ['a user', { kind: 'User', name: 'dana' }, 'Starting'],
    ['a group', { kind: 'Group', name: 'system:authenticated' }, 'Starting'],
    ['another user', { kind: 'User', name: 'erin' }, WAITS],
    ['another group', { kind: 'Group', name: 'dana' }, WAITS],
    ['a service account of the name', { kind: 'ServiceAccount', name: 'dana' }, WAITS],
  ])('a session of an exempt requester needs no approval: %s', (_, exempt, expected) => {
    const scene = new Scene({ required: 1, exempt: [exempt] });
    expect(scene.settled()).toBe(expected);
    if (expected === 'Starting') expect(scene.run.approvalExempt).toBe(true);
  });

  it('a service account of the namespace of the session is exempt', () => {
    const requestedBy = { username: 'system:serviceaccount:shop:on-call' };
    const scene = new Scene({ required: 1, exempt: [{ kind: 'ServiceAccount', name: 'on-call' }] }, { requestedBy });
    expect(scene.settled()).toBe('Starting');
  });
});

describe('between the recorded intent and the injection', () => {
  /** A scene whose intent is written and whose container is not injected. */
  function intended(demand: PolicyApproval = { required: 1 }): Scene {
    const scene = new Scene(demand);
    scene.approve('alice');
    while (scene.phase !== 'Starting') scene.step();
    expect(scene.effects.some((effect) => effect.startsWith('inject'))).toBe(false);
    return scene;
  }

  it.each<[string, (scene: Scene) => void, string, RegExp]>([
    [
      'the approval is withdrawn',
      (scene) => (scene.approvals = []),
      'Failed ApprovalRequired',
      /The approval of alice was withdrawn; raise spec.attempt/,
    ],
    [
      'the approver loses the right',
      (scene) => (scene.withoutRight = ['uid-of-alice']),
      'Failed ApprovalRequired',
      /alice, who approved, may not approve under DebugPolicy default any more/,
    ],
    [
      'the request changes',
      (scene) => (scene.session = { ...scene.session, spec: { ...scene.session.spec, stdin: true } }),
      'Failed ApprovalRequired',
      /The request has changed since alice approved it/,
    ],
    [
      'somebody denies it',
      (scene) => void scene.approve('bob', { spec: { decision: 'Deny' } }),
      'Failed ApprovalDenied',
      /bob denied this attempt/,
    ],
    [
      'the policy demands more',
      (scene) => (scene.demand.required = 2),
      'Failed ApprovalRequired',
      /demands 2 approvals since the run was recorded/,
    ],
  ])('nothing is injected when %s', (_, change, expected, words) => {
    const scene = intended();
    change(scene);
    scene.settle();
    // An injection that another operator sent before could be under way still.
    scene.pass(ARRIVED_MS);
    expect(scene.settled()).toBe(expected);
    expect(scene.message('Failed')).toMatch(words);
    expect(scene.effects.some((effect) => effect.startsWith('inject'))).toBe(false);
  });

  it('an approval that runs out meanwhile still counts', () => {
    const scene = intended({ required: 1, validFor: '31s' });
    scene.pass(10_000);
    scene.settle();
    expect(scene.phase).toBe('Starting');
    expect(scene.told).toContain('Injected');
  });
});
