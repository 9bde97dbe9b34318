import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Guide } from '../../support/documents/guide.ts';
import { isReady, restrictedPod } from '../../support/builders/pods.ts';
import { Stage } from '../../support/cluster/stage.ts';

// docs/guides/restricted-namespace.md, with its own manifests.

const guide = new Guide('restricted-namespace.md');
let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('guide-restricted', { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } });
  await stage.createPod('api', restrictedPod());
  await stage.untilPod('api', isReady);
});

afterAll(() => stage.close());

/** Names that differ from one run to the next, as the guide has them. */
function asInTheGuide(message: string): string {
  const container = /debug-[0-9a-f]{8}-1/;
  const wanted = container.exec(guide.text.slice(guide.text.indexOf('violates PodSecurity')))?.[0] ?? '-';
  return message.replaceAll(new RegExp(container, 'g'), wanted);
}

it('a restricted namespace refuses the profile general in the words of the API server that the guide quotes', async () => {
  await guide.apply(stage, 'general');
  const { status } = await stage.untilPhase('general', 'Failed');
  expect(status?.runs?.[0]?.reason).toBe('PodSecurityDenied');
  expect(guide.text).toContain(asInTheGuide(status?.runs?.[0]?.message ?? '-'));
});

it('a restricted namespace takes the profile restricted, which sees the processes and files of the same user', async () => {
  await guide.apply(stage, 'restricted');
  const { status } = await stage.untilPhase('restricted', 'Completed');
  const logs = await stage.logs('api', status?.debugContainerName ?? '');
  expect(logs.stdout).toMatch(/^uid=1000\(app\).*\nPID .*\n +1 app +app\n[^]*greeting: hello/);
});

it('a restricted namespace takes an image of root only when the session names another user', async () => {
  await guide.apply(stage, 'busybox-as-1000');
  await stage.createSession('busybox-as-root', { target: { podName: 'api' }, profile: 'restricted' });
  const { status } = await stage.untilPhase('busybox-as-1000', 'Completed');
  expect(status?.exitCode).toBe(0);
  const refused = await stage.untilPhase('busybox-as-root', 'Failed');
  const message = refused.status?.runs?.[0]?.message ?? '';
  expect(message).toMatch(/^container has runAsNonRoot and image will run as root/);
  expect(guide.text).toContain('container has runAsNonRoot and image will run as root');
});
