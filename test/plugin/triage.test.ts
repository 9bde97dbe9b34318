import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import { isBackingOff, shellPod } from '../support/builders/pods.ts';
import { Dbg } from '../support/cluster/dbg.ts';
import { Person } from '../support/cluster/person.ts';
import { Stage } from '../support/cluster/stage.ts';
import { Guide } from '../support/documents/guide.ts';
import { isShown, transcript } from '../support/documents/transcript.ts';

// The situations of docs/guides/triage.md, each in a real pod that the guide prints, as a person without special
// rights: `debugsession-user` and `view`.

const guide = new Guide('triage.md');
let stage: Stage;
/** May ask for sessions and view the namespace. */
let dana: Dbg;
/** May ask for sessions, and no more. */
let sam: Dbg;

beforeAll(async () => {
  stage = await Stage.open('plugin-triage');
  const person = await Person.whoMayAsk(stage, 'dana');
  await person.bind('clusterrole', 'view');
  await Person.whoMayAsk(stage, 'sam');
  dana = new Dbg(stage, 'dana');
  sam = new Dbg(stage, 'sam');
  await Promise.all(guide.objects.map(({ metadata: { name } }) => guide.apply(stage, name)));
});

afterAll(async () => {
  dana.close();
  sam.close();
  await stage.kubectl(['patch', 'pod', 'held', '--type=merge', '--patch={"metadata":{"finalizers":null}}']);
  await stage.close();
});

/** What differs from one run to the next: times, counts, addresses, uids and names of nodes. */
function comparable(line: string): string {
  return (
    line
      .replaceAll(stage.namespace, 'shop')
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME')
      .replaceAll(/\([0-9a-f]{8}-[0-9a-f-]{27}\)/g, '(UID)')
      .replaceAll(/\b\d+ (times?|restarts?)\b/g, 'N times')
      .replaceAll(/less than 1s|\b\d+[dhms](?:\d+[hms])?\b/g, 'AGE')
      .replaceAll(/\b10(?:\.\d+){3}\b/g, 'ADDRESS')
      .replaceAll(/\bnode-\d\b/g, 'NODE')
      // The scheduler before 1.37 speaks of claims where there are none.
      .replaceAll(' no new claims to deallocate,', '')
      // Which of both the kubelet says depends on the moment.
      .replace(/(?:ended|waiting: CrashLoopBackOff); N times; (?:last )?/, 'ended; N times; ')
      .replace(/^ +CrashLoopBackOff: back-off .*/, '...')
      .replace(', CrashLoopBackOff', '')
      .replaceAll(/ +/g, ' ')
      .trimEnd()
  );
}

interface Situation {
  /** The name of the pod in the guide. */
  pod: string;
  /** It shows the situation now. */
  holds: (pod: RawPod) => boolean;
}

const app = ({ status }: RawPod): NonNullable<NonNullable<RawPod['status']>['containerStatuses']>[number] | undefined =>
  status?.containerStatuses?.[0];

/**
 * Just after its third restart or a later one: the pause before the next start is at least 40 s. The kubelet says
 * `terminated` then, and CrashLoopBackOff from some moment on.
 */
function isResting(pod: RawPod): boolean {
  const { restartCount = 0, state } = app(pod) ?? {};
  return restartCount >= 3 && state?.running === undefined;
}

const SITUATIONS: readonly Situation[] = [
  { pod: 'pull', holds: (pod) => app(pod)?.state?.waiting?.reason === 'ImagePullBackOff' },
  { pod: 'crash', holds: isResting },
  {
    pod: 'pending',
    holds: ({ status }) => status?.conditions?.some(({ reason }) => reason === 'Unschedulable') === true,
  },
  { pod: 'held', holds: ({ status }) => status?.phase === 'Failed' },
  { pod: 'memory', holds: isResting },
  { pod: 'probe', holds: ({ status }) => status?.phase === 'Running' },
  { pod: 'evicted', holds: ({ status }) => status?.reason === 'Evicted' },
  { pod: 'init', holds: ({ status }) => status?.initContainerStatuses?.[1]?.state?.running !== undefined },
];

/** What the guide shows that `kubectl dbg triage POD` prints. */
function shownFor(pod: string): string[] {
  const step = transcript(guide.text).find(({ command }) => command === `kubectl dbg triage ${pod}`);
  if (step === undefined) throw new Error(`the guide does not type kubectl dbg triage ${pod}`);
  return step.shown;
}

describe('the situations of the guide', () => {
  it.each(SITUATIONS)('triage prints for pod $pod what the guide shows', async ({ pod, holds }) => {
    if (pod === 'held') await stage.deletePod(pod);
    await stage.untilPod(pod, holds);
    if (pod === 'probe') await untilSaid(pod, 'Unhealthy');
    const { code, stdout, stderr } = await dana.run(['triage', pod]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const printed = stdout
      .trimEnd()
      .split('\n')
      .map(comparable)
      .filter((line) => line !== '...');
    const shown = shownFor(pod).map(comparable);
    if (!isShown(printed, shown)) expect(printed).toEqual(shown);
  });

  it('the guide types nothing but what the tests type', () => {
    const typed = transcript(guide.text).flatMap(
      ({ command }) => /^kubectl dbg triage (\S+)$/.exec(command)?.[1] ?? [],
    );
    expect(typed.toSorted()).toEqual(SITUATIONS.map(({ pod }) => pod).toSorted());
  });
});

async function untilSaid(pod: string, reason: string): Promise<void> {
  await stage.until(`${reason} of ${pod}`, async () =>
    (await stage.events('Pod', pod)).some((event) => event.reason === reason),
  );
}

interface Triage {
  findings: { kind: string; title: string; means: string }[];
  suggestion: { kind: string; command?: string; why: string | string[]; inside?: string };
  unread: string[];
  logs: { lines: string[] }[];
}

async function triageOf(who: Dbg, target: string): Promise<Triage> {
  const { code, stdout, stderr } = await who.run(['triage', target, '-o', 'json']);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Triage;
}

/** Types the command that was suggested, with a command of its own so that it ends by itself. */
async function typed(who: Dbg, { suggestion: { command = '' } }: Triage, ...own: string[]): Promise<unknown> {
  const words = command.replace(/ -n \S+$/, '').match(/'[^']*'|\S+/g) ?? [];
  return who.run([...words.slice(2).map((word) => word.replaceAll("'", '')), '--', ...own]);
}

describe('the session that is suggested', () => {
  it('the suggested session starts in a crash loop, beside the container', async () => {
    await stage.untilPod('crash', isResting);
    const told = await triageOf(dana, 'crash');
    expect(told.suggestion.command).toBe(`kubectl dbg crash --no-target -n ${stage.namespace}`);
    expect(await typed(dana, told, 'echo', 'in')).toMatchObject({ code: 0, stdout: 'in\n' });
  });

  it('the suggested session joins an init container that is stuck, and sees its files', async () => {
    const told = await triageOf(dana, 'init');
    expect(told.suggestion).toMatchObject({ command: `kubectl dbg init -c wait -n ${stage.namespace}` });
    expect(await typed(dana, told, 'cat', '/proc/1/cmdline')).toMatchObject({ stdout: expect.stringMatching(/sleep/) });
  });

  it('the suggested session asks what a failing probe asks, and gets the same answer', async () => {
    const told = await triageOf(dana, 'probe');
    const { inside = '' } = told.suggestion;
    expect(inside).toMatch(/^wget .*:8080\/healthz$/);
    expect(await typed(dana, told, 'sh', '-c', `${inside} 2>&1`)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/404 Not Found/),
    });
  });

  it('triage suggests no session where the operator would refuse it or wait in vain', async () => {
    for (const [pod, why] of [
      ['pending', /has no node yet/],
      ['evicted', /has finished \(Failed\)/],
      ['held', /is terminating/],
    ] as const) {
      const { suggestion } = await triageOf(dana, pod);
      expect(suggestion).toEqual({ kind: 'none', why: [expect.stringMatching(why)] });
    }
  });

  it('the suggested session is under a policy that the person may use, with what that policy wants', async () => {
    const name = `triage-${stage.namespace}`;
    const spec = {
      images: ['docker.io/library/busybox:*'],
      profiles: ['baseline'],
      requireJustification: true,
      allow: ['TargetContainer'],
    };
    const policy = { apiVersion: 'debugsession.dev/v1alpha1', kind: 'DebugPolicy', metadata: { name }, spec };
    const rules = [
      { apiGroups: ['debugsession.dev'], resources: ['debugsessions'], verbs: ['*'] },
      { apiGroups: ['debugsession.dev'], resources: ['debugpolicies'], resourceNames: [name], verbs: ['use'] },
      { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list', 'watch'] },
    ];
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'narrow' }, rules };
    for (const object of [policy, role]) await stage.kubectl(['create', '-f', '-'], JSON.stringify(object));
    await new Person(stage, 'nora').bind('role', 'narrow');
    const viewer = ['--clusterrole=debugsession-policy-viewer', '--user=nora'];
    await stage.kubectl(['create', 'clusterrolebinding', name, ...viewer]);
    await stage.runningPod('web');
    const nora = new Dbg(stage, 'nora');
    try {
      const told = await triageOf(nora, 'web');
      // The policy default would allow it, and she may not use it.
      expect(told.suggestion.command).toBe(
        `kubectl dbg web -c app --policy ${name} --profile baseline --reason 'triage: a first look' -n ${stage.namespace}`,
      );
      expect(await typed(nora, told, 'echo', 'in')).toMatchObject({ code: 0, stdout: 'in\n' });
    } finally {
      nora.close();
      await stage.kubectl(['delete', 'dbgp', name]);
      await stage.kubectl(['delete', 'clusterrolebinding', name]);
    }
  });
});

describe('rights that are missing', () => {
  it('triage says what it may not read, in one line each, and goes on', async () => {
    const { code, stdout } = await sam.run(['triage', 'probe']);
    expect(code).toBe(0);
    const [, missing = ''] = stdout.split('\nNot looked at\n');
    expect(missing.trimEnd().split('\n')).toEqual([
      '  Events: you may not read it',
      expect.stringMatching(/^ {2}Node \S+: you may not read it$/),
    ]);
    // Without events the status alone says that the probe does not succeed.
    expect(stdout).toContain('1. Container app runs, and its readiness probe has not succeeded');
  });

  it('triage says that the person may ask for no session', async () => {
    const viewer = new Person(stage, 'vera');
    await viewer.bind('clusterrole', 'view');
    const vera = new Dbg(stage, 'vera');
    const { suggestion } = await triageOf(vera, 'probe');
    vera.close();
    expect(suggestion).toMatchObject({
      kind: 'none',
      why: [
        'The API server does not take a session from you:',
        expect.stringMatching(/cannot create resource "debugsessions"/),
      ],
    });
  });
});

describe('workloads', () => {
  const labels = { app: 'shop' };
  const template = { metadata: { labels }, spec: shellPod('echo no database; exit 4') };
  const create = (name: string, spec: object): Promise<unknown> =>
    stage.client.create(`/apis/apps/v1/namespaces/${stage.namespace}/deployments`, {
      metadata: { name },
      spec: { selector: { matchLabels: labels }, ...spec },
    });

  it('triage looks at the pod with the most to tell, and at its owners', async () => {
    await create('broken', { template, replicas: 1 });
    await stage.until('a pod of it backs off', async () => {
      const { items } = await stage.client.list<{ items: RawPod[] }>(podsPath(stage.namespace), {
        labelSelector: 'app=shop',
      });
      return items.some((pod) => isBackingOff(pod) && app(pod)?.restartCount !== 0);
    });
    const { stdout } = await dana.run(['triage', 'deploy/broken']);
    expect(stdout).toMatch(/^deployment broken has 1 pod, [01] ready: this is about pod broken-/);
    expect(stdout).toMatch(/^ {2}owner +ReplicaSet broken-[0-9a-f]+, Deployment broken$/m);
    expect(stdout).toMatch(/^1\. Container app ends again and again$/m);
    expect(stdout).toMatch(/^ {2}log +no database$/m);
    expect(stdout).toMatch(/^ {2}\S+ +ScalingReplicaSet, deployment broken: /m);
    // The workload may not be read, and its pod may.
    expect((await triageOf(sam, 'deploy/broken')).findings[0]?.kind).toBe('CrashLoopBackOff');
  });

  it('triage says why a workload has no pod', async () => {
    await create('barred', { template: { ...template, spec: { ...template.spec, serviceAccountName: 'none' } } });
    await stage.until('it cannot create a pod', async () => {
      const { stdout } = await stage.kubectl([
        'get',
        'deploy',
        'barred',
        '-o',
        'jsonpath={.status.conditions[*].type}',
      ]);
      return stdout.includes('ReplicaFailure');
    });
    const { findings, suggestion } = await triageOf(dana, 'deploy/barred');
    expect(findings[0]).toMatchObject({
      kind: 'FailedCreate',
      title: expect.stringMatching(/barred.* cannot create a pod$/),
      means: 'The pod names a service account that does not exist.',
    });
    expect(suggestion.kind).toBe('none');
  });
});

describe('the command line', () => {
  it('triage fails with 1 where there is no such pod or workload, and says which was meant', async () => {
    expect(await dana.run(['triage', 'prob'])).toEqual(
      expect.objectContaining({
        code: 1,
        stderr: 'error: there is no pod prob in this namespace, did you mean probe?\n',
      }),
    );
    expect(await dana.run(['triage', 'deploy/nowhere'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: there is no deployment nowhere in this namespace/),
    });
    const stranger = new Dbg(stage, 'stranger');
    expect(await stranger.run(['triage', 'probe'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/cannot get/),
    });
    stranger.close();
  });

  it('triage fails with 2 where the line cannot be used', async () => {
    expect((await dana.run(['triage', 'service/web'])).code).toBe(2);
    expect((await dana.run(['triage'])).code).toBe(2);
    expect((await dana.run(['triage', 'probe', '--', 'ls'])).code).toBe(2);
  });

  it('triage fits into a terminal of 60 columns', async () => {
    const terminal = dana.open(['triage', 'crash'], 60);
    const shown = await terminal.ended();
    expect(await terminal.exitCode()).toBe(0);
    const lines = shown.split('\n').map((line) => line.trimEnd());
    expect(lines.some((line) => line.startsWith('1. Container app'))).toBe(true);
    const isFree = (line: string): boolean => /kubectl /.test(line) || !line.trim().includes(' ');
    expect(lines.filter((line) => line.length > 60 && !isFree(line))).toEqual([]);
  });
});
