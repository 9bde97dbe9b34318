import { expect, it } from '@jest/globals';
import { requestHashOf } from '../../../../src/api/request-hash.ts';
import { approvalManifest } from '../../../../src/plugin/approve/manifest.ts';
import { requestLines } from '../../../../src/plugin/approve/request-lines.ts';
import { aSession } from '../../../support/builders/builders.ts';

const session = aSession({ policyName: 'production', command: ['sh', '-c', 'ls'], attempt: 2 });
const alice = { username: 'alice' };
const approve = { decision: 'Approve', me: alice } as const;

it('an approval is for exactly the session that was read, and goes with it', () => {
  const { metadata, spec } = approvalManifest(session, { ...approve, reason: 'INC-1' });
  expect(metadata).toEqual({
    name: expect.stringMatching(/^inspect-web-[0-9a-f]{8}$/),
    namespace: 'shop',
    ownerReferences: [
      { apiVersion: session.apiVersion, kind: 'DebugSession', name: 'inspect-web', uid: session.metadata.uid },
    ],
  });
  expect(spec).toEqual({
    sessionName: 'inspect-web',
    sessionUID: session.metadata.uid,
    attempt: 2,
    requestHash: requestHashOf(session.spec),
    policyName: 'production',
    decision: 'Approve',
    reason: 'INC-1',
  });
});

it('an approval for Git has no owner, because a sync would make it again', () => {
  expect(approvalManifest(session, { ...approve, isForGit: true }).metadata).not.toHaveProperty('ownerReferences');
});

it('the name of an approval is another for another person, decision, request or session', () => {
  const names = [
    approvalManifest(session, approve),
    approvalManifest(session, { ...approve, me: { username: 'bob' } }),
    approvalManifest(session, { ...approve, me: { ...alice, uid: 'u' } }),
    approvalManifest(session, { ...approve, decision: 'Deny' }),
    approvalManifest({ ...session, spec: { ...session.spec, ttl: '1h' } }, approve),
    approvalManifest(aSession(session.spec, { metadata: { uid: 'other' } }), approve),
  ].map(({ metadata }) => metadata.name);
  expect(new Set(names).size).toBe(names.length);
  expect(approvalManifest(session, approve).metadata.name).toBe(names[0]);
});

it('the name of an approval is a name, however long that of the session is', () => {
  const long = aSession({}, { metadata: { name: `${'a'.repeat(243)}.${'b'.repeat(9)}` } });
  const { name } = approvalManifest(long, approve).metadata;
  expect(name).toMatch(/^a{243}-[0-9a-f]{8}$/);
});

it('a person who is to approve sees all of the request, in clean lines', () => {
  const asked = aSession({
    command: ['sh', '-c', 'ls\n\u001b[2J'],
    justification: 'INC-4711',
    volumeMounts: [{ name: 'data', mountPath: '/data' }],
    supervisor: 'None',
  });
  expect(requestLines(asked)).toEqual([
    'Session inspect-web in namespace shop, attempt 1',
    '  by        dana',
    '  why       INC-4711',
    '  where     pod web-1',
    '  what      docker.io/library/busybox:1.36 : sh -c ls [2J',
    '  how long  as its policy says',
    '  profile   general',
    '  policy    default',
    '  and       volumeMounts: [{"name":"data","mountPath":"/data"}]',
    '  and       supervisor: "None"',
  ]);
});
