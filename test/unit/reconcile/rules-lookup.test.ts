import { describe, expect, it } from '@jest/globals';
import type { DebugSession, Run } from '../../../src/api/debugsession.ts';
import { ApiError } from '../../../src/kube/api-error.ts';
import { type KnownLabels, RulesLookup } from '../../../src/reconcile/rules-lookup.ts';
import type { Authority } from '../../../src/session/look/authority.ts';
import type { PolicyView } from '../../../src/session/look/rules.ts';
import type { ApprovalsView } from '../../../src/session/look/approvals.ts';
import { anApproval } from '../../support/builders/approvals.ts';
import { aSession } from '../../support/builders/builders.ts';
import { OPEN_POLICY } from '../../support/builders/open-policy.ts';

const forbidden = new ApiError({ code: 403, reason: 'Forbidden', message: 'cannot create\nreviews' });
const { signal } = new AbortController();
const never = (): Promise<never> => Promise.reject(new Error('nobody asks'));

/** An API server that answers as the test says, and counts how often it is asked. */
class Scene {
  authority: Authority = { kind: 'inForce', since: 0 };
  policy: PolicyView = { kind: 'found', spec: OPEN_POLICY };
  mayUse: () => Promise<boolean> = () => Promise.resolve(true);
  labels: () => Promise<Record<string, string>> = () => Promise.resolve({ team: 'a' });
  readonly asked: string[] = [];
  readonly known: KnownLabels = {};
  readonly rules = new RulesLookup({
    api: {
      mayUse: ({ username }, policy, namespace) => {
        this.asked.push(`${username} ${policy} ${namespace}`);
        return this.mayUse();
      },
      mayApprove: ({ username }, policy, namespace) => {
        this.asked.push(`${username} approves ${policy} ${namespace}`);
        return this.mayUse();
      },
      namespaceLabels: (namespace) => {
        this.asked.push(namespace);
        return this.labels();
      },
    },
    authority: () => this.authority,
    policyOf: () => this.policy,
    isSystem: (namespace) => namespace === 'kube-system',
    approvalsOf: (session) => ({
      kind: 'known',
      authority: { kind: 'inForce', since: 0 },
      approvals: [anApproval(session, 'alice')],
    }),
  });

  denial(session: DebugSession = aSession()): ReturnType<RulesLookup['denial']> {
    return this.rules.denial(session, signal);
  }

  of(session: DebugSession = aSession()): ReturnType<RulesLookup['of']> {
    return this.rules.of(session, signal, this.known);
  }
}

describe('the right of a requester to use the policy', () => {
  it('the operator asks the API server whether the requester may use the policy in the namespace', async () => {
    const scene = new Scene();
    expect(await scene.denial(aSession({ policyName: 'open' }))).toBeUndefined();
    expect(scene.asked).toEqual(['dana open shop']);
  });

  it.each<[string, () => Promise<boolean>, object]>([
    [
      'no',
      () => Promise.resolve(false),
      { reason: 'RequesterNotAllowed', message: 'dana may not use DebugPolicy default in namespace shop any more' },
    ],
    [
      'that the operator may not ask',
      () => Promise.reject(forbidden),
      {
        reason: 'Forbidden',
        message:
          'The operator may not ask whether dana may use DebugPolicy default in namespace shop; kubectl apply -k config/rbac (the API server said: cannot create reviews)',
      },
    ],
  ])('the operator denies a session where the answer of the API server is %s', async (_words, answer, denial) => {
    const scene = new Scene();
    scene.mayUse = answer;
    expect(await scene.denial()).toEqual({ finality: 'never', ...denial });
  });

  it('the operator denies a session without a requester, and asks the API server nothing', async () => {
    const scene = new Scene();
    const session = aSession();
    delete session.spec.requestedBy;
    expect(await scene.denial(session)).toEqual({
      finality: 'never',
      reason: 'RequesterNotAllowed',
      message: 'The requester is not known, so it is not known whether they may use DebugPolicy default',
    });
    scene.authority = { kind: 'waived' };
    expect(await scene.denial(session)).toBeUndefined();
    expect(scene.asked).toEqual([]);
  });

  it('the check of a requester fails without an answer of the API server', async () => {
    const scene = new Scene();
    scene.mayUse = () => Promise.reject(new ApiError({ code: 500, reason: '', message: 'no' }));
    await expect(scene.denial()).rejects.toThrow('no');
  });
});

describe('the labels of the namespace', () => {
  it('the operator reads the labels of a namespace once, where the policy selects by labels', async () => {
    const scene = new Scene();
    expect(await scene.of()).toEqual({ policy: scene.policy, namespace: { isSystem: false } });
    scene.policy = { kind: 'found', spec: { ...OPEN_POLICY, namespaceSelector: { matchLabels: { team: 'a' } } } };
    for (let pass = 0; pass < 2; pass += 1)
      expect(await scene.of()).toMatchObject({ namespace: { labels: { team: 'a' } } });
    expect(scene.asked).toEqual(['shop']);
  });

  it('the rules say on one line why the labels of a namespace cannot be read', async () => {
    const scene = new Scene();
    scene.policy = { kind: 'found', spec: { ...OPEN_POLICY, namespaceSelector: {} } };
    scene.labels = () => Promise.reject(forbidden);
    expect((await scene.of()).namespace).toEqual({ isSystem: false, unread: 'cannot create reviews' });
  });

  it.each<[string, () => Error]>([
    ['a fault of the API server', () => new ApiError({ code: 500, reason: '', message: 'no' })],
    ['a lost connection', () => new Error('no')],
  ])('the look at the labels of a namespace fails with %s', async (_words, error) => {
    const scene = new Scene();
    scene.policy = { kind: 'found', spec: { ...OPEN_POLICY, namespaceSelector: {} } };
    scene.labels = () => Promise.reject(error());
    await expect(scene.of()).rejects.toThrow('no');
  });

  it('the operator reads no labels, and looks for no approvals, where the policy is not known', async () => {
    const scene = new Scene();
    for (const policy of [{ kind: 'absent' }, { kind: 'unread', message: 'not yet' }] as const) {
      scene.policy = policy;
      expect(await scene.of()).toEqual({ policy, namespace: { isSystem: false } });
    }
    expect(scene.asked).toEqual([]);
  });

  it.each<[string, Partial<Run>, boolean, string[]]>([
    ['reads the labels for a run that starts', { state: 'Starting' }, false, ['shop']],
    ['reads no labels for a run that its policy does not end', { state: 'Running' }, false, []],
    ['reads the labels for a run that its policy may end', { state: 'Running' }, true, ['shop']],
    ['reads no labels for a run that is over', { state: 'Ended' }, true, []],
  ])('the operator %s', async (_words, more, revokeRunning, asked) => {
    const scene = new Scene();
    scene.policy = { kind: 'found', spec: { ...OPEN_POLICY, namespaceSelector: {}, revokeRunning } };
    const runs: Run[] = [{ attempt: 1, state: 'Starting', ...more }];
    await scene.of(aSession({}, { status: { attempt: 1, runs } }));
    expect(scene.asked).toEqual(asked);
  });
});

describe('the right of a person to approve', () => {
  const session = aSession();
  const approval = anApproval(session, 'alice');
  const by = { username: 'alice', at: '', name: 'a', approvalUID: approval.metadata.uid };
  const run: Run = { attempt: 1, state: 'Starting', approvedBy: [by] };
  const view: ApprovalsView = { kind: 'known', authority: { kind: 'inForce', since: 0 }, approvals: [approval] };

  it.each<[string, () => Promise<boolean>, string[]]>([
    ['yes', () => Promise.resolve(true), []],
    ['no', () => Promise.resolve(false), [approval.metadata.uid]],
    ['that the operator may not ask', () => Promise.reject(forbidden), [approval.metadata.uid]],
  ])('an approval counts only while its author has the right: the API server says %s', async (_, answer, lacking) => {
    const scene = new Scene();
    scene.mayUse = answer;
    expect(await scene.rules.withoutRight(session, { run, view }, signal)).toEqual(lacking);
    expect(scene.asked).toEqual(['alice approves default shop']);
  });

  it('an approval that is gone has no right, and nobody is asked about', async () => {
    const scene = new Scene();
    const none = { ...view, approvals: [] };
    expect(await scene.rules.withoutRight(session, { run, view: none }, signal)).toEqual([approval.metadata.uid]);
    expect(scene.asked).toEqual([]);
  });

  it.each<[string, () => Error]>([
    ['a fault of the API server', () => new ApiError({ code: 500, reason: '', message: 'no' })],
    ['a lost connection', () => new Error('no')],
  ])('the question about an approver fails with %s', async (_words, error) => {
    const scene = new Scene();
    scene.mayUse = () => Promise.reject(error());
    await expect(scene.rules.withoutRight(session, { run, view }, signal)).rejects.toThrow('no');
  });

  it('no approval of a run has the right where the approvals are not known', async () => {
    const scene = new Scene();
    for (const unknown of [undefined, { kind: 'unread', message: 'not yet' } as const])
      expect(await scene.rules.withoutRight(session, { run, view: unknown }, signal)).toEqual([approval.metadata.uid]);
    expect(scene.asked).toEqual([]);
  });

  it('a run without approvals has none that lacks the right', async () => {
    const unapproved: Run = { attempt: 1, state: 'Starting' };
    expect(await new Scene().rules.withoutRight(session, { run: unapproved, view }, signal)).toHaveLength(0);
  });

  it('an operator that follows no approvals knows of none', async () => {
    const policyOf = (): PolicyView => ({ kind: 'found', spec: { ...OPEN_POLICY, approval: { required: 1 } } });
    const api = { mayUse: never, mayApprove: never, namespaceLabels: never };
    const rules = new RulesLookup({ api, policyOf, authority: () => ({ kind: 'waived' }), isSystem: () => true });
    expect(await rules.of(session, signal, {})).toEqual({ policy: policyOf(), namespace: { isSystem: true } });
  });

  it('the operator looks for approvals only where the policy demands them', async () => {
    const scene = new Scene();
    expect(await scene.of()).not.toHaveProperty('approvals');
    scene.policy = { kind: 'found', spec: { ...OPEN_POLICY, approval: { required: 1 } } };
    expect(await scene.of()).toHaveProperty('approvals', view);
  });
});
