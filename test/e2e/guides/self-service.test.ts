import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Follower } from '../../support/cluster/follower.ts';
import { Guide } from '../../support/documents/guide.ts';
import { appPod, ephemeralNames, isReady } from '../../support/builders/pods.ts';
import { Stage } from '../../support/cluster/stage.ts';

// docs/guides/self-service.md, word by word.

const DANA = { flags: ['--as=dana', '--as-group=team-a'] };
const guide = new Guide('self-service.md');
let stage: Stage;
let reader: Follower;

beforeAll(async () => {
  stage = await Stage.open('guide-self-service');
  await stage.createPod('web', appPod());
  await stage.untilPod('web', isReady);
  await takeBack();
  reader = new Follower(stage, guide, { here: [[/\bshop\b/g, stage.namespace]] });
});

afterAll(async () => {
  reader.close();
  await takeBack();
  await stage.close();
});

/** What is of the cluster. */
async function takeBack(): Promise<void> {
  const objects = ['debugpolicy/team-a', 'clusterrolebinding/team-a-sees-policies'];
  expect(await stage.kubectl(['delete', '--ignore-not-found', ...objects])).toMatchObject({ code: 0 });
}

it.each([
  ['The platform team gives it', {}],
  ['The platform team checks it', {}],
  ['Somebody of team A debugs', DANA],
  ['Limits of team A', DANA],
  ['By choice: team A sees the policies', {}],
])('the section "%s" of the guide works as it is typed', async (section, identity) => {
  expect(await reader.follow(section, identity)).toBeGreaterThan(0);
});

it('a waiting session is refused when its pod comes after the platform team took the policy back', async () => {
  const look = guide.object('look');
  const later = { ...look, metadata: { name: 'later' }, spec: { ...look.spec, target: { podName: 'later' } } };
  const asked = await stage.kubectl([...DANA.flags, 'create', '-f', '-'], JSON.stringify(later));
  expect(asked).toMatchObject({ code: 0 });
  await stage.untilPhase('later', 'Pending');
  expect(await reader.follow('The platform team takes it back')).toBeGreaterThan(0);
  await stage.createPod('later', appPod());
  const { status } = await stage.untilPhase('later', 'Failed');
  expect(status?.runs).toMatchObject([{ reason: 'RequesterNotAllowed' }]);
  expect(ephemeralNames(await stage.pod('later'))).toEqual([]);
});

it('the guide has no commands that the tests leave out', () => {
  expect(reader.left()).toEqual([]);
});

it('an administrator of the namespace cannot grant the use of a policy that is not theirs', async () => {
  const bound = ['create', 'rolebinding', 'anna-administers', '--clusterrole=admin', '--user=anna'];
  expect(await stage.kubectl(bound)).toMatchObject({ code: 0 });
  const use = reader.here(JSON.stringify(guide.object('use-policy-team-a')));
  await stage.until('the binding is in force', async () => {
    const asked = await stage.kubectl(['--as=anna', 'auth', 'can-i', 'create', 'roles.rbac.authorization.k8s.io']);
    return asked.code === 0;
  });
  const granted = await stage.kubectl(['--as=anna', 'create', '-f', '-'], use);
  expect(granted).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('attempting to grant RBAC permissions not currently held'),
  });
});
