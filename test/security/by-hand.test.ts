import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FINALIZER } from '../../src/api/debugsession.ts';
import { ConfigCopy } from '../support/cluster/config-copy.ts';
import { installResourceAndRights } from '../support/jest/global-setup.ts';
import { fillsInRequester } from '../support/cluster/fill-in.ts';
import { Person } from '../support/cluster/person.ts';
import { appPod } from '../support/builders/pods.ts';
import { Policies } from '../support/builders/policies.ts';
import { policyWithApproval } from '../support/cluster/approved-policy.ts';
import { Approver } from '../support/cluster/approver.ts';
import { Stage } from '../support/cluster/stage.ts';

// Before Kubernetes 1.36, as docs/install.md tells it: nothing fills in the requester, so the person writes it. The API
// server checks it as ever. A newer API server plays such a one here.

const FILL_IN = 'debugsession-fill-in-requester';
const FILL_IN_APPROVER = 'debugsession-fill-in-approver';
const WHOAMI = ['auth', 'whoami', '--output=jsonpath={.status.userInfo}'];
const target = { podName: 'web' };
let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('by-hand');
  await stage.runningPod('web', appPod());
  const copy = new ConfigCopy();
  try {
    copy.edit('config/default/kustomization.yaml', (text) => `${text}components: [../components/before-1-36]\n`);
    const built = await stage.cluster.kubectl(['kustomize', copy.path('config/default')]);
    expect(built).toMatchObject({ code: 0, stdout: expect.not.stringMatching(/debugsession-fill-in-/) });
    expect(built.stdout).toContain('debugsession-requester');
  } finally {
    copy.remove();
  }
  const kinds = 'mutatingadmissionpolicy,mutatingadmissionpolicybinding';
  if (await fillsInRequester(stage.cluster))
    expect(await stage.cluster.kubectl(['delete', kinds, FILL_IN, FILL_IN_APPROVER])).toMatchObject({ code: 0 });
  // The API server learns of it after a moment.
  await stage.until(
    'nothing is filled in',
    async () => (await asked('nobody-named', {}, '--dry-run=server')).code !== 0,
  );
});

afterAll(async () => {
  await installResourceAndRights();
  await stage.close();
});

/** Asks as somebody with a manifest. */
function asked(name: string, spec: object, ...args: string[]): ReturnType<Stage['kubectl']> {
  const kind = { apiVersion: 'debugsession.dev/v1alpha1', kind: 'DebugSession', metadata: { name } };
  const whole = { target, image: 'docker.io/library/busybox:1.36', imagePullPolicy: 'IfNotPresent', command: ['true'] };
  return stage.kubectl(['apply', ...args, '-f', '-'], JSON.stringify({ ...kind, spec: { ...whole, ...spec } }));
}

async function whoami(...as: string[]): Promise<{ username: string }> {
  return JSON.parse((await stage.kubectl([...as, ...WHOAMI])).stdout) as { username: string };
}

it('the API server refuses a session without a requester, and tells the user what to write', async () => {
  expect(await asked('left-out', {})).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/spec\.requestedBy must be who asks, .*write what kubectl auth whoami says/),
  });
});

describe('requesters that are written by hand', () => {
  it('a session with the requester of kubectl auth whoami gets a container, also at a raised attempt', async () => {
    const requestedBy = await whoami();
    for (const attempt of [1, 2]) {
      expect(await asked('by-hand', { requestedBy, attempt })).toMatchObject({ code: 0 });
      const { status } = await stage.untilSession(
        'by-hand',
        (s) => s.status?.attempt === attempt && s.status.phase === 'Completed',
      );
      expect(status?.runs?.at(-1)?.requestedBy).toMatchObject({ username: requestedBy.username });
    }
  });

  it('a session with the requester of another user is refused', async () => {
    const requestedBy = await whoami('--as=dana');
    expect(requestedBy).toMatchObject({ username: 'dana' });
    expect(await asked('forged', { requestedBy })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/spec\.requestedBy must be who asks, .*, not dana/),
    });
  });
});

it('the API server refuses to take the finalizer off a running session', async () => {
  const requestedBy = await whoami();
  const eve = await Person.whoMayAsk(stage, 'eve');
  const command = ['sleep', '600'];
  expect(await asked('runs', { requestedBy, command, ttl: '10m' })).toMatchObject({ code: 0 });
  await stage.untilPhase('runs', 'Running');
  expect(await eve.patch('runs', { metadata: { finalizers: null } })).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/the finalizer debugsession\.dev\/container is the operator's/),
  });
  expect((await stage.session('runs')).metadata.finalizers).toEqual([FINALIZER]);
});

describe('approvers that are written by hand', () => {
  it('an approval counts with the approver of kubectl auth whoami, and is refused without it or in another name', async () => {
    const policies = new Policies(stage);
    try {
      const [dana, alice] = await Promise.all([Person.whoMayAsk(stage, 'dana'), Approver.open(stage, 'alice')]);
      const policyName = await policyWithApproval(stage, { policies, person: dana, name: 'by-hand', approval: {} });
      const requestedBy = await whoami('--as=dana');
      expect(await dana.asks('approved', { policyName, requestedBy, command: ['true'] })).toMatchObject({ code: 0 });
      await stage.untilSession('approved', ({ status }) => status?.reason === 'ApprovalRequired');
      const refused = {
        code: 1,
        stderr: expect.stringMatching(/spec\.approvedBy must be who approves, alice .*whoami says/),
      };
      expect(await alice.decides('approved')).toMatchObject(refused);
      expect(await alice.decides('approved', { approvedBy: await whoami('--as=bob') })).toMatchObject(refused);
      expect(await alice.decides('approved', { approvedBy: await whoami('--as=alice') })).toMatchObject({ code: 0 });
      const { status } = await stage.untilPhase('approved', 'Completed');
      expect(status?.runs?.[0]?.approvedBy).toMatchObject([{ username: 'alice' }]);
    } finally {
      await policies.close();
    }
  });
});
