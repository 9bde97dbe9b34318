import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { ApiError } from '../../src/kube/api-error.ts';
import { findCondition } from '../../src/api/conditions.ts';
import { repositoryPath } from '../support/documents/crd.ts';
import { untilInForce } from '../support/jest/global-setup.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

// Without the admission policy nobody knows who asks: then nothing is injected, and not later either what was asked for
// meanwhile.

let stage: Stage;
const target = { podName: 'web' };
const POLICY = 'validatingadmissionpolicy/debugsession-requester';
const BINDING = 'validatingadmissionpolicybinding/debugsession-requester';

beforeAll(async () => {
  stage = await Stage.open('fail-closed');
  await stage.runningPod('web', appPod());
});

afterAll(async () => {
  await install();
  await stage.close();
});

async function kubectl(...args: string[]): Promise<void> {
  expect(await stage.kubectl(args)).toMatchObject({ code: 0 });
}

/** Puts everything back as it is shipped, and waits until nobody can ask in another's name. */
async function install(): Promise<void> {
  for (const verb of ['apply', 'replace']) await kubectl(verb, '-k', repositoryPath('config/admission'));
  await untilInForce();
}

/** The operator's watch has to have shown what was done; an API server tells it at once. */
async function refused(name: string): Promise<DebugSession> {
  const session = await stage.untilPhase(name, 'Failed');
  expect(findCondition(session.status?.conditions, 'Accepted')).toMatchObject({
    status: 'False',
    reason: 'AdmissionPolicyMissing',
  });
  expect(findCondition(session.status?.conditions, 'StopConfirmed')).toMatchObject({ status: 'True' });
  return session;
}

async function started(name: string): Promise<void> {
  await stage.createSession(name, { target, command: ['true'] });
  await stage.untilPhase(name, 'Completed');
}

it('the operator records, reports and logs the requester while the policy is in force', async () => {
  await started('first');
  const session = await stage.session('first');
  expect(session.status?.runs).toMatchObject([{ requestedBy: { username: session.spec.requestedBy?.username } }]);
  const story = await stage.events('DebugSession', 'first');
  expect(story[0]?.note).toMatch(new RegExp(` into pod \\S+ for ${session.spec.requestedBy?.username}$`));
  expect(stage.operators[0]?.lines.map((line) => line['requester'])).toContain(session.spec.requestedBy?.username);
});

describe.each<[string, () => Promise<void>, RegExp]>([
  ['is deleted', () => kubectl('delete', POLICY), /there is no ValidatingAdmissionPolicy debugsession-requester/],
  ['is not bound', () => kubectl('delete', BINDING), /there is no ValidatingAdmissionPolicyBinding/],
  [
    'is bound to audit only',
    () => kubectl('patch', BINDING, '--type=merge', '--patch={"spec":{"validationActions":["Audit"]}}'),
    /ValidatingAdmissionPolicyBinding debugsession-requester is not what this operator knows/,
  ],
  [
    'is bound to some namespaces only',
    () =>
      kubectl(
        'patch',
        BINDING,
        '--type=merge',
        '--patch={"spec":{"matchResources":{"namespaceSelector":{"matchLabels":{"a":"b"}}}}}',
      ),
    /is not what this operator knows/,
  ],
  [
    'checks another thing',
    () =>
      kubectl(
        'patch',
        POLICY,
        '--type=json',
        '--patch=[{"op":"replace","path":"/spec/validations","value":[{"expression":"true"}]}]',
      ),
    /ValidatingAdmissionPolicy debugsession-requester is not what this operator knows/,
  ],
])('the requester policy %s', (words, alter, says) => {
  const name = `asked-${words.replaceAll(' ', '-')}`;

  it('a forged session gets no container, and the status says what to install', async () => {
    const before = ephemeralNames(await stage.pod('web'));
    await alter();
    await slipIn(name);
    const session = await refused(name);
    expect(session.status?.runs?.[0]?.message).toMatch(says);
    expect(session.status?.runs?.[0]?.message).toMatch(/kubectl (apply|replace) -k config\/admission/);
    expect(ephemeralNames(await stage.pod('web'))).toEqual(before);
  });

  it('a forged session gets no container when the policy is back, and a new session does', async () => {
    await install();
    // Long enough for the policy to be certainly in force everywhere: the operator waits for that too.
    await stage.until('a new session runs', async () => {
      const fresh = `${name}-after-${Date.now().toString(36)}`;
      await stage.createSession(fresh, { target, command: ['true'] });
      const { status } = await stage.untilSession(fresh, (s) =>
        ['Failed', 'Completed'].includes(s.status?.phase ?? ''),
      );
      return status?.phase === 'Completed';
    });
    const session = await stage.session(name);
    expect(session.status?.phase).toBe('Failed');
    const names = ephemeralNames(await stage.pod('web'));
    expect(names).not.toContain(session.status?.debugContainerName ?? 'none');
  });
});

it('an operator that was away refuses a session from the time without a policy', async () => {
  await stage.operators[0]?.stop();
  await kubectl('delete', POLICY);
  await slipIn('slipped-in');
  await install();
  await stage.startOperator();
  const session = await refused('slipped-in');
  expect(session.status?.runs?.[0]?.message).toMatch(/changed after the session was requested.*raise spec\.attempt/);
});

it('the operator with --insecure-no-identity injects for any user, and logs a warning', async () => {
  for (const operator of stage.operators) await operator.stop();
  await kubectl('delete', POLICY, BINDING);
  const operator = await stage.startOperator('--insecure-no-identity', '--metrics-bind-address=127.0.0.1:0');
  await stage.createSession('anybody', { target, command: ['true'] });
  await stage.untilPhase('anybody', 'Completed');
  expect(operator.lines.filter(({ level }) => level === 'warn')).toMatchObject([
    { msg: expect.stringMatching(/insecure-no-identity/) },
  ]);
});

/** A session in somebody else's name, as soon as the API server lets it through. */
async function slipIn(name: string): Promise<void> {
  const requestedBy = { username: 'somebody-else' };
  await stage.until('a forged session is let through', async () => {
    const made = await stage
      .createSession(name, { target, command: ['true'], requestedBy })
      .catch((error: unknown) => error);
    if (made instanceof ApiError && made.code === 403) return false;
    if (made instanceof Error) throw made;
    return true;
  });
}
