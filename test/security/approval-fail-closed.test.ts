import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { PROPAGATION_MS } from '../../src/session/start/admission.ts';
import { repositoryPath } from '../support/documents/crd.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { Policies } from '../support/builders/policies.ts';
import { policyWithApproval, waitingWords } from '../support/cluster/approved-policy.ts';
import { approvalOf, Approver } from '../support/cluster/approver.ts';
import { Person } from '../support/cluster/person.ts';
import { Stage } from '../support/cluster/stage.ts';

// Without the admission policy on approvals, or without their resource, no approval counts: not then, and not later.

const BINDING = 'validatingadmissionpolicybinding/debugsession-approver';
const CRD = 'debugapprovals.debugsession.dev';

let stage: Stage;
let policies: Policies;
let dana: Person;
let alice: Approver;
let policyName: string;

beforeAll(async () => {
  stage = await Stage.open('approval-fail-closed');
  policies = new Policies(stage);
  [dana, alice] = await Promise.all([Person.whoMayAsk(stage, 'dana'), Approver.open(stage, 'alice')]);
  await stage.createPod('web', appPod());
  policyName = await policyWithApproval(stage, { policies, person: dana, name: 'prod' });
});

afterAll(async () => {
  await install();
  await policies.close();
  await stage.close();
});

async function kubectl(...args: string[]): Promise<void> {
  expect(await stage.kubectl(args)).toMatchObject({ code: 0 });
}

/** Everything as it is shipped, and in force. */
async function install(): Promise<void> {
  await installResource();
  for (const verb of ['apply', 'replace'])
    await kubectl(verb, '-f', repositoryPath('config/admission/approver-policy-binding.yaml'));
  const forged = { ...approvalProbe(), spec: { ...approvalProbe().spec, approvedBy: { username: 'nobody' } } };
  await stage.until('nobody can approve in another name', async () => {
    const { code, stderr } = await stage.kubectl(['create', '--dry-run=server', '-f', '-'], JSON.stringify(forged));
    return code !== 0 && stderr.includes('spec.approvedBy must be who approves');
  });
}

async function installResource(): Promise<void> {
  await kubectl('apply', '-f', repositoryPath(`crds/${CRD}.yaml`));
  await kubectl('wait', '--for=condition=Established', `crd/${CRD}`, '--timeout=300s');
}

function approvalProbe(): ReturnType<typeof approvalOf> {
  const metadata = { name: 'none', namespace: stage.namespace, uid: 'none' };
  return approvalOf({ metadata, spec: { attempt: 1 } } as DebugSession, 'probe');
}

async function asked(name: string): Promise<DebugSession> {
  expect(await dana.asks(name, { policyName, command: ['true'] })).toMatchObject({ code: 0 });
  return stage.untilSession(name, ({ status }) => status?.reason === 'ApprovalRequired');
}

it('a forged approval from the time without the admission policy never counts, and a later one does', async () => {
  const session = await asked('forged');
  await kubectl('patch', BINDING, '--type=merge', '--patch={"spec":{"validationActions":["Audit"]}}');
  const forged = approvalOf(session, 'forged', { approvedBy: { username: 'alice' } });
  await stage.until('a forged approval is let through', async () => {
    return (await stage.kubectl(['create', '-f', '-'], JSON.stringify(forged))).code === 0;
  });
  const says =
    /it is not certain who approves: ValidatingAdmissionPolicyBinding debugsession-approver is not what this/;
  await stage.untilSession('forged', (seen) => says.test(waitingWords(seen)));
  await install();
  const late =
    /that of alice does not count: it was given before the admission policy on approvals was surely in force/;
  await stage.untilSession('forged', (seen) => late.test(waitingWords(seen)));
  expect(ephemeralNames(await stage.pod('web'))).toEqual([]);
  const since = Date.now();
  await stage.until('the policy is surely in force', () =>
    Promise.resolve(Date.now() > since + PROPAGATION_MS + 1_000),
  );
  expect(await alice.decides('forged')).toMatchObject({ code: 0 });
  await stage.untilPhase('forged', 'Completed');
});

it('an operator without the resource runs other sessions, and starts none that needs an approval', async () => {
  for (const operator of stage.operators) await operator.stop();
  await kubectl('delete', 'crd', CRD);
  await stage.startOperator();
  await stage.createSession('free', { target: { podName: 'web' }, command: ['true'] });
  await stage.untilPhase('free', 'Completed');
  const waiting = await asked('without');
  expect(waitingWords(waiting)).toMatch(/demands 1 approval, and the approvals are not known: /);
  await stage.untilSession('without', (seen) => waitingWords(seen).includes('kubectl apply -k config/crd'));
  // And it goes on by itself once the resource is there.
  await installResource();
  await stage.until('the resource is served', async () => (await alice.decides('without')).code === 0);
  await stage.untilPhase('without', 'Completed');
});
