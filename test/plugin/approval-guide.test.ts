import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { appPod, isReady } from '../support/builders/pods.ts';
import { Dbg } from '../support/cluster/dbg.ts';
import { Follower } from '../support/cluster/follower.ts';
import { Stage } from '../support/cluster/stage.ts';
import { Guide } from '../support/documents/guide.ts';

// docs/guides/approval.md, word by word.

const guide = new Guide('approval.md');
let stage: Stage;
let dbg: Dbg;
let reader: Follower;

beforeAll(async () => {
  stage = await Stage.open('guide-approval');
  dbg = new Dbg(stage);
  await stage.createPod('web', appPod());
  await stage.untilPod('web', isReady);
  await takeBack();
  reader = new Follower(stage, guide, { here: [[/\bshop\b/g, stage.namespace]], path: dbg.env['PATH'] });
});

afterAll(async () => {
  reader.close();
  dbg.close();
  await takeBack();
  await stage.close();
});

/** What is of the cluster. */
async function takeBack(): Promise<void> {
  expect(await stage.kubectl(['delete', '--ignore-not-found', 'debugpolicy/production'])).toMatchObject({ code: 0 });
}

it.each([
  ['The platform team demands it', undefined],
  ['Dana asks', 'dana'],
  ['Alice approves', 'alice'],
  ['Bob denies another', 'bob'],
  ['With plain kubectl', undefined],
])('the section "%s" of the guide works as it is typed', async (section, user) => {
  const identity = user === undefined ? {} : { flags: [`--as=${user}`] };
  expect(await reader.follow(section, identity)).toBeGreaterThan(0);
  if (user !== undefined) return;
  await stage.until('the bindings are in force', async () => {
    const asked = ['auth', 'can-i', 'create', 'debugsessions.debugsession.dev', '--as=dana'];
    return (await stage.kubectl(asked)).code === 0;
  });
});

it('the guide has no commands that the tests leave out', () => {
  expect(reader.left()).toEqual([]);
});
