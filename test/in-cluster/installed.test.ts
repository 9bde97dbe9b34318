import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DebugSessionStatus, FINALIZER } from '../../src/api/debugsession.ts';
import { sessionsPath } from '../../src/reconcile/session-api.ts';
import { documentedCommands, typeCommands } from '../support/documents/documented-commands.ts';
import { installResourceAndRights } from '../support/jest/global-setup.ts';
import { DEPLOYMENT, Installation, OPERATOR_NAMESPACE } from '../support/cluster/installation.ts';
import { ensureOperatorImage } from '../support/cluster/operator-image.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

// The life of an installation, as docs/install.md tells it: installed, drained, upgraded, taken away. What it does for
// sessions meanwhile, the suite `deployed` shows at length.

let stage: Stage;
let installation: Installation;
let image: string;
const RESOURCE = 'customresourcedefinition.apiextensions.k8s.io/debugsessions.debugsession.dev';
const target = { podName: 'web', containerName: 'app' };

beforeAll(async () => {
  stage = await Stage.open('installed', { operator: false });
  installation = new Installation();
  const node = stage.cluster.node;
  if (node === undefined) throw new Error('an image cannot be loaded into a cluster of somebody else');
  [image] = await Promise.all([ensureOperatorImage(node), stage.runningPod('web', appPod())]);
  await installation.apply(image);
});

const [byMake = '', inOrder = '', freed = ''] = documentedCommands('docs/install.md', 'Uninstall, in this order');

afterAll(async () => {
  // What the last tests take away, the next suite needs. And one that failed has left things behind.
  await typeCommands(freed, stage.cluster);
  await installResourceAndRights();
  await installation.remove();
  await installation.close();
  await stage.close();
});

describe('config/default', () => {
  it('config/default runs two replicas in a namespace that enforces the restricted Pod Security Standard', async () => {
    const path = `/api/v1/namespaces/${OPERATOR_NAMESPACE}`;
    const { metadata } = await stage.client.get<{ metadata: { labels: object } }>(path);
    expect(metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    const pods = await installation.pods();
    expect(pods.map(({ status }) => status?.phase)).toEqual(['Running', 'Running']);
    await installation.untilLeader((name) => pods.some((pod) => pod.metadata.name === name));
  });

  it('config/default runs an image without a shell, as a user that is not root, on a read-only root', async () => {
    const [pod] = await installation.pods();
    const exec = (...argv: string[]) =>
      stage.cluster.kubectl(['exec', '-n', OPERATOR_NAMESPACE, pod?.metadata.name ?? '', '--', ...argv]);
    for (const shell of ['sh', 'bash', 'busybox']) {
      const refused = await exec(shell, '-c', 'true');
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toMatch(/executable file not found/);
    }
    const node = (script: string) => exec('/nodejs/bin/node', '-e', script);
    expect(await node('console.log(process.getuid(), process.getgid())')).toMatchObject({ stdout: '65532 65532\n' });
    const write = "for (const f of ['/tmp/x', '/x']) try { fs.writeFileSync(f, '') } catch (e) { console.log(e.code) }";
    expect(await node(write)).toMatchObject({ stdout: 'EROFS\nEROFS\n' });
    // Two bundled files, what says that they are modules, what one of them reads, and the licences: no packages.
    const listed = await node("console.log(fs.readdirSync('/app').sort().join(' '))");
    expect(listed.stdout).toBe(
      'LICENSE cri.proto main.js main.js.LEGAL.txt node-stop.js node-stop.js.LEGAL.txt package.json\n',
    );
  });

  it('each replica serves its metrics over HTTPS to the accounts that docs/install.md names', async () => {
    expect(await stage.kubectl(['create', 'serviceaccount', 'prometheus'])).toMatchObject({ code: 0 });
    const binding = ['clusterrolebinding', `reader-${stage.namespace}`];
    const role = '--clusterrole=debugsession-metrics-reader';
    await installation.kubectl('create', ...binding, role, `--serviceaccount=${stage.namespace}:prometheus`);
    try {
      const token = (await stage.kubectl(['create', 'token', 'prometheus'])).stdout.trim();
      const pods = (await installation.pods()) as { status?: { podIP?: string } }[];
      const urls = pods.map(({ status }) => `https://${status?.podIP}:8443/metrics`);
      expect(urls).toHaveLength(2);
      const leads = /^leader_election_master_status\{name="debugsession\.dev"\} ([01])$/m;
      const answers = await Promise.all(urls.map((url) => scraped(url, token)));
      expect(answers.map((body) => leads.exec(body)?.[1]).sort()).toEqual(['0', '1']);
      expect(await scraped(urls[0] ?? '', 'nobody')).toMatch(/^401 /);
    } finally {
      await installation.kubectl('delete', ...binding);
    }
  });
});

it('the other replica takes over the running session and serves the next one when the leader is drained', async () => {
  const leader = await installation.untilLeader(() => true);
  const [other = ''] = (await podNames()).filter((pod) => pod !== leader);
  const over = new AbortController();
  const holders = installation.holders(over.signal);
  await stage.createSession('across', { target, command: ['sleep', '600'], ttl: '5s' });
  await stage.untilPhase('across', 'Running');
  // The controller of the budget has seen both replicas a moment after they were ready.
  await stage.until('the budget lets the leader go', async () => (await evicted(leader)) === 'evicted');
  expect(await evicted(other)).toMatch(/disruption budget/);
  const successor = await installation.untilLeader((name) => name !== leader);

  await stage.createSession('second', { target, command: ['true'] });
  await untilSettled('second', 'Completed');
  expect(await tellers('second')).toEqual([successor]);
  const across = await untilSettled('across', 'Expired');
  expect(across.status?.runs).toMatchObject([{ endedBy: 'Supervisor' }]);
  expect((await tellers('across')).sort()).toEqual([leader, successor].sort());
  over.abort();
  // The Lease is given back and not waited out.
  expect(await holders).toEqual([leader, '', successor]);
  await expectOnlyRecorded('across', 'second');
});

it('an upgrade and a rollback hand the Lease from replica to replica while a session runs to its end', async () => {
  const next = `${image}-next`;
  expect(await stage.cluster.node?.ctr(['images', 'tag', '--force', image, next])).toMatchObject({ code: 0 });
  const old = await podNames();
  const over = new AbortController();
  const holders = installation.holders(over.signal);
  await stage.createSession('upgraded', { target, command: ['sleep', '600'], ttl: '15s' });
  const running = await stage.untilPhase('upgraded', 'Running');

  await installation.apply(next);
  expect(await installation.images()).toEqual([next, next]);
  const fresh = await podNames();
  await installation.untilLeader((name) => fresh.includes(name) && !old.includes(name));
  // Served by the new version, or by the old one again.
  await stage.createSession('meanwhile', { target, command: ['true'] });
  await installation.kubectl('rollout', 'undo', `deployment/${DEPLOYMENT}`);
  await installation.kubectl('rollout', 'status', `deployment/${DEPLOYMENT}`, '--timeout=300s');
  expect(await installation.images()).toEqual([image, image]);
  await installation.untilLeader((name) => !fresh.includes(name));
  await untilSettled('meanwhile', 'Completed');

  const expired = await untilSettled('upgraded', 'Expired');
  expect(expired.status?.runs).toEqual([expect.objectContaining({ endedBy: 'Supervisor' })]);
  expect(expired.status?.expiresAt).toBe(running.status?.expiresAt);
  await expectOnlyRecorded('upgraded', 'meanwhile');
  over.abort();
  const seen = await holders;
  // Each leader gave the Lease back before the next took it: nobody waited for one to run out.
  expect(seen.length).toBeGreaterThanOrEqual(5);
  expect(seen.map((name) => name === '')).toEqual(seen.map((_, index) => index % 2 === 1));
});

it('the operator never restarted, and logged only JSON and no error', async () => {
  for (const { metadata, status } of await installation.pods()) {
    expect(status?.containerStatuses?.map((container) => container.restartCount)).toEqual([0]);
    const log = await installation.kubectl('logs', metadata.name);
    const lines = log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { level: string; msg: string });
    expect(lines.map(({ msg }) => msg)).toContain('ready');
    expect(lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
  }
});

describe('uninstall', () => {
  const [first = '', second = '', third = ''] = inOrder.trim().split('\n');

  it('the documented uninstall ends the running session or waits for it first', async () => {
    await stage.createSession('last', { target, command: ['sleep', '600'], ttl: '6s' });
    const { status } = await stage.untilPhase('last', 'Running');
    for (const command of [first, second]) expect(await typed(command)).toMatchObject({ code: 0, stderr: '' });
    expect(await typed('kubectl get debugsessions --all-namespaces')).toMatchObject({ stderr: 'No resources found\n' });
    expect(await containerOf(status)).toMatchObject({ state: { terminated: {} } });
    expect((await stage.pod('web')).status?.containerStatuses).toMatchObject([{ ready: true, restartCount: 0 }]);
  });

  it('the documented uninstall leaves nothing, once the finalizer of a session without an operator is taken off', async () => {
    await stage.createSession('held', { target });
    const held = { metadata: { finalizers: [FINALIZER] } };
    await stage.client.patch(`${sessionsPath(stage.namespace)}/held`, held, { type: 'merge' });

    const rest = typed(third);
    // 10 s, of which the namespace takes 5. Where it is looked at before the operator's pods have gone, it is looked at
    // again after half of their grace, 16 s, and so on.
    await stage.until('all else is gone', async () => (await remains()).join() === RESOURCE);
    expect(await typed(freed)).toMatchObject({ code: 0 });
    expect(await rest).toMatchObject({ code: 0, stderr: '' });
    expect(await remains()).toEqual([]);
  });

  it('make uninstall leaves nothing, and says which session is stuck and how to free it', async () => {
    await installResourceAndRights();
    await stage.createSession('held', { target });
    const held = { metadata: { finalizers: [FINALIZER] } };
    await stage.client.patch(`${sessionsPath(stage.namespace)}/held`, held, { type: 'merge' });
    const stuck = await typed(`${byMake.trim()} TIMEOUT=2`);
    expect(stuck).toMatchObject({ code: 2, stderr: expect.stringContaining(`${stage.namespace}/held: phase `) });
    // Nothing else is begun: an operator that came back could still end it.
    expect(await remains()).toContain('clusterrole.rbac.authorization.k8s.io/debugsession-manager');
    const patches = stuck.stderr.match(/^ {2}kubectl patch .*$/gm) ?? [];
    expect(patches).toHaveLength(1);
    expect(await typed(patches.join('\n'))).toMatchObject({ code: 0 });

    await installation.apply(image);
    await stage.createSession('live', { target, command: ['sleep', '600'], ttl: '10m' });
    const { status } = await stage.untilPhase('live', 'Running');
    expect(await typed(byMake)).toMatchObject({ code: 0 });
    expect(await remains()).toEqual([]);
    expect(await containerOf(status)).toMatchObject({ state: { terminated: {} } });
    expect(await typed(byMake)).toMatchObject({ code: 0 });
  });

  async function containerOf(status: DebugSessionStatus | undefined): Promise<object | undefined> {
    const { ephemeralContainerStatuses } = (await stage.pod('web')).status ?? {};
    return ephemeralContainerStatuses?.find(({ name }) => name === status?.debugContainerName);
  }

  function typed(commands: string): ReturnType<typeof typeCommands> {
    return typeCommands(commands, stage.cluster);
  }

  /** What there is of an installation, by the name of all its parts. */
  async function remains(): Promise<string[]> {
    const policies = ['validating', 'mutating']
      .map((kind) => `${kind}admissionpolicies,${kind}admissionpolicybindings`)
      .join();
    const kinds = `namespaces,customresourcedefinitions,clusterroles,clusterrolebindings,priorityclasses,${policies}`;
    const labelled = ['--selector=app.kubernetes.io/name=debugsession', '--output=name'];
    const found = await stage.cluster.kubectl(['get', kinds, ...labelled]);
    expect(found.code).toBe(0);
    const crd = await stage.cluster.kubectl([
      'get',
      'crd/debugsessions.debugsession.dev',
      '--ignore-not-found',
      '-oname',
    ]);
    return [...new Set([...found.stdout.split('\n'), ...crd.stdout.split('\n')])].filter((name) => name !== '');
  }
});

async function podNames(): Promise<string[]> {
  return (await installation.pods()).map(({ metadata }) => metadata.name);
}

/** What a scraper gets that runs where pods can be reached: the status and the body. */
async function scraped(url: string, token: string): Promise<string> {
  const script = `const headers = { authorization: 'Bearer ' + process.argv[2] };
    require('node:https').get(process.argv[1], { headers, rejectUnauthorized: false }, (answer) => {
      process.stdout.write(answer.statusCode + ' ');
      answer.pipe(process.stdout);
    });`;
  const answer = await stage.cluster.node?.inNetwork([process.execPath, '-e', script, url, token]);
  return answer?.code === 0 ? answer.stdout : `nothing: ${answer?.stderr}`;
}

/** Asks as `kubectl drain` does. @returns the words of a refusal */
async function evicted(pod: string): Promise<string> {
  try {
    const path = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/pods/${pod}/eviction`;
    await stage.client.create(path, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod } });
    return 'evicted';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** In this phase and let go of: nothing more is to come. */
function untilSettled(name: string, phase: string): ReturnType<Stage['untilSession']> {
  return stage.untilSession(name, (s) => s.status?.phase === phase && s.metadata.finalizers === undefined);
}

/** One container for each of these sessions, and it is the one that its record names. */
async function expectOnlyRecorded(...names: string[]): Promise<void> {
  const sessions = await Promise.all(names.map((name) => stage.session(name)));
  for (const { status } of sessions) {
    const [prefix = ''] = status?.debugContainerName?.split(/(?=-\d+$)/) ?? [];
    const injected = ephemeralNames(await stage.pod('web')).filter((name) => name.startsWith(`${prefix}-`));
    expect(injected).toEqual([status?.debugContainerName]);
  }
}

/** The pods that told the story of a session, once it is told to the end. */
async function tellers(session: string): Promise<string[]> {
  let names: string[] = [];
  await stage.until(`the last event of ${session}`, async () => {
    const path = `/apis/events.k8s.io/v1/namespaces/${stage.namespace}/events`;
    const { items } = await stage.client.list<{ items: OperatorEvent[] }>(path);
    const story = items.filter(({ regarding }) => regarding.kind === 'DebugSession' && regarding.name === session);
    names = [...new Set(story.map(({ reportingInstance }) => reportingInstance))];
    return story.some(({ reason }) => reason === 'Ended');
  });
  return names;
}

interface OperatorEvent {
  reason: string;
  reportingInstance: string;
  regarding: { kind: string; name: string };
}
