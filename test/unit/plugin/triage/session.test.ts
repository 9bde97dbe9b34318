import { describe, expect, it } from '@jest/globals';
import type { DebugPolicySpec } from '../../../../src/api/debugpolicy.ts';
import type { Facts as PolicyFacts } from '../../../../src/plugin/judge.ts';
import { BUILT_IN_POLICY } from '../../../../src/policy/built-in.ts';
import type { PodFacts } from '../../../../src/plugin/triage/facts.ts';
import { findings } from '../../../../src/plugin/triage/findings.ts';
import { insideHint } from '../../../../src/plugin/triage/inside-hint.ts';
import { type Offers, offersOf } from '../../../../src/plugin/triage/session-offers.ts';
import { placeOf } from '../../../../src/plugin/triage/session-place.ts';
import { shellWord } from '../../../../src/plugin/triage/shell-word.ts';
import { before, event, factsOf, pod } from '../../../support/builders/triage-facts.ts';

const crashing = factsOf({
  state: {
    ready: false,
    restartCount: 3,
    state: { waiting: { reason: 'CrashLoopBackOff' } },
    lastState: { terminated: { exitCode: 3, finishedAt: before(5) } },
  },
});
const initRuns = factsOf({
  spec: { initContainers: [{ name: 'wait' }] },
  status: {
    phase: 'Pending',
    initContainerStatuses: [{ name: 'wait', state: { running: { startedAt: before(90) } } }],
  },
  state: { ready: false, state: { waiting: { reason: 'PodInitializing' } } },
});

describe('placeOf', () => {
  const place = (facts: PodFacts): object => placeOf(facts, findings(facts));
  it.each<[string, PodFacts, object]>([
    ['joins a container that runs', factsOf(), { kind: 'join', containerName: 'app' }],
    [
      'joins the default container of the annotation',
      factsOf({
        metadata: { annotations: { 'kubectl.kubernetes.io/default-container': 'b' } },
        spec: { containers: [{ name: 'app' }, { name: 'b' }] },
        status: { containerStatuses: [{ name: 'b', ready: true, state: { running: {} } }] },
      }),
      { kind: 'join', containerName: 'b' },
    ],
    ['joins an init container that runs', initRuns, { kind: 'join', containerName: 'wait' }],
    ['joins none of a crash loop', crashing, { kind: 'beside', why: expect.stringMatching(/app does not run now/) }],
    [
      'joins none that has been restarted a moment ago',
      factsOf({
        state: {
          restartCount: 3,
          state: { running: { startedAt: before(2) } },
          lastState: { terminated: { exitCode: 3, finishedAt: before(20) } },
        },
      }),
      { kind: 'beside', why: expect.stringMatching(/ends every session that joins it/) },
    ],
    [
      'joins one that has run on since its restart',
      factsOf({ state: { restartCount: 3, lastState: { terminated: { exitCode: 3, finishedAt: before(900) } } } }),
      { kind: 'join', containerName: 'app' },
    ],
    [
      'starts nothing in a pod that has finished',
      factsOf({ status: { phase: 'Failed', reason: 'Evicted' }, state: null }),
      { kind: 'none', why: expect.stringMatching(/has finished \(Failed\)/) },
    ],
    [
      'starts nothing in a pod that is being deleted',
      factsOf({ metadata: { deletionTimestamp: before(5), generateName: 'web-' } }),
      { kind: 'none', why: expect.stringMatching(/is terminating/) },
    ],
    [
      'starts nothing in a pod without a node',
      factsOf({ spec: { nodeName: '' }, status: { phase: 'Pending' }, state: null }),
      { kind: 'none', why: expect.stringMatching(/has no node yet/) },
    ],
    [
      'starts nothing in a pod whose volumes are missing',
      factsOf({
        status: { phase: 'Pending', conditions: [{ type: 'PodReadyToStartContainers', status: 'False' }] },
        state: { ready: false, state: { waiting: { reason: 'ContainerCreating' } } },
      }),
      { kind: 'none', why: expect.stringMatching(/not ready to start containers/) },
    ],
    [
      'starts nothing in a static pod',
      factsOf({ metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } }),
      { kind: 'none', why: expect.stringMatching(/static pod/) },
    ],
    [
      'starts nothing in a pod with 50 debug containers',
      factsOf({ spec: { ephemeralContainers: Array.from({ length: 50 }, (_, n) => ({ name: `debug-${n}` })) } }),
      { kind: 'none', why: expect.stringMatching(/has 50 ephemeral containers/) },
    ],
  ])('the session of triage %s', (_, facts, expected) => {
    expect(place(facts)).toMatchObject(expected);
  });
});

describe('offersOf', () => {
  const policy = (name: string, spec: Partial<DebugPolicySpec>): PolicyFacts['policies'][number] => ({
    apiVersion: 'debugsession.dev/v1alpha1',
    kind: 'DebugPolicy',
    metadata: { name, uid: name, resourceVersion: '1' },
    spec: { ...BUILT_IN_POLICY, ...spec },
  });
  const namespace = (level: string): object => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop', labels: { 'pod-security.kubernetes.io/enforce': level } },
  });

  function offers(facts: PodFacts, policies: PolicyFacts['policies'], more: Partial<PolicyFacts> = {}): Offers {
    const found = findings(facts);
    const place = placeOf(facts, found);
    if (place.kind === 'none') throw new Error(place.why);
    const objects = [{ apiVersion: 'v1', kind: 'Pod', ...facts.pod }, ...(more.objects ?? [])];
    return offersOf(facts, { place, found, policies: { policies, ...more, objects }, verbs: ['ls', 'triage'] });
  }
  const commands = (of: Offers): string[] => (of.kind === 'offers' ? of.offers.map(({ command }) => command) : []);
  const first = (...args: Parameters<typeof offers>): string | undefined => commands(offers(...args))[0];

  it.each<[string, string | undefined, string]>([
    ['joins where the policy lets it', first(factsOf(), [policy('default', {})]), 'kubectl dbg web -c app -n shop'],
    ['joins none that does not run', first(crashing, [policy('default', {})]), 'kubectl dbg web --no-target -n shop'],
    [
      'joins none where the policy forbids it',
      first(factsOf(), [policy('default', { allow: [] })]),
      'kubectl dbg web --no-target -n shop',
    ],
    [
      'takes another policy that lets it join',
      first(factsOf(), [policy('default', { allow: [] }), policy('wide', {})]),
      'kubectl dbg web -c app --policy wide -n shop',
    ],
    [
      'takes the profile that the policy allows, and a reason where it wants one',
      first(crashing, [policy('default', { profiles: ['restricted', 'baseline'], requireJustification: true })]),
      "kubectl dbg web --no-target --profile baseline --reason 'triage: CrashLoopBackOff' -n shop",
    ],
    [
      'names the image where the policy has one only',
      first(factsOf(), [policy('default', { images: ['registry.example/tools:1'] })]),
      'kubectl dbg web -c app --image registry.example/tools:1 -n shop',
    ],
    [
      'keeps to the Pod Security level of the namespace',
      first(factsOf(), [policy('default', {})], { objects: [namespace('baseline')] }),
      'kubectl dbg web -c app --profile baseline -n shop',
    ],
    [
      'is another user where nothing may be root',
      first(factsOf(), [policy('default', { allow: ['TargetContainer', 'SecurityContext'] })], {
        objects: [namespace('restricted')],
      }),
      'kubectl dbg web -c app --profile restricted --as-user 65534 -n shop',
    ],
    [
      'names a pod that is called as a verb',
      first({ ...factsOf(), pod: pod({ metadata: { name: 'ls' } }) }, [policy('default', {})]),
      'kubectl dbg pod/ls -c app -n shop',
    ],
    [
      'is what start would do where policies may not be read',
      first(factsOf(), [], { unread: 'forbidden' }),
      'kubectl dbg web -c app -n shop',
    ],
  ])('the session of triage %s', (_, command, expected) => {
    expect(command).toBe(expected);
  });

  it('triage says why no policy allows a session', () => {
    const none = offers(factsOf(), [policy('default', { images: ['registry.example/**'] })]);
    expect(none).toEqual({
      kind: 'refused',
      reasons: [expect.stringMatching(/^DebugPolicy default: --image is missing/)],
    });
    const elsewhere = policy('default', { podSelector: { matchLabels: { debug: 'yes' } } });
    expect(offers(factsOf(), [elsewhere])).toMatchObject({
      kind: 'refused',
      reasons: [expect.stringMatching(/^DebugPolicy default: pod web does not match podSelector/)],
    });
  });

  it('triage says that the image is root where it may not be', () => {
    const facts = factsOf({ spec: { securityContext: { runAsNonRoot: true } } });
    const made = offers(facts, [policy('default', {})]);
    expect(made).toMatchObject({ offers: [{ notes: [expect.stringMatching(/Nothing may run as root here/)] }, {}] });
  });
});

describe('insideHint', () => {
  const unready = (path: string): PodFacts =>
    factsOf({ app: { readinessProbe: { httpGet: { path, port: 8080 } } }, state: { ready: false } }, [
      event('Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 404'),
    ]);
  it('the suggested session asks as the failing probe does, and never what a shell would run', () => {
    const hint = (facts: PodFacts): string | undefined => insideHint(facts, findings(facts), true);
    expect(hint(unready('/healthz'))).toBe('wget -S -O- http://10.0.0.7:8080/healthz');
    expect(hint(unready('/$(reboot)'))).toBe('ls /proc/1/root');
    expect(hint(factsOf())).toBe('ls /proc/1/root');
    expect(insideHint(factsOf(), [], false)).toBeUndefined();
    expect(hint(factsOf({ spec: { hostPID: true } }))).toBeUndefined();
  });
});

it.each([
  ['web', 'web'],
  ['registry.example/a:1', 'registry.example/a:1'],
  ['two words', "'two words'"],
  ["it's; $(reboot)", "'it'\\''s; $(reboot)'"],
  ['a\u001b[2Jb\nc', "'a [2Jb c'"],
])('shellWord writes %j as %j', (text, expected) => {
  expect(shellWord(text)).toBe(expected);
});
