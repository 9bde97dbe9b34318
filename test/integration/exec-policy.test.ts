import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Outcome } from '../cluster/run-program.ts';
import { repositoryPath } from '../support/documents/crd.ts';
import { DEPLOYMENT, OPERATOR_NAMESPACE } from '../support/cluster/installation.ts';
import { Stage } from '../support/cluster/stage.ts';

// config/rbac/confine-exec-policy.yaml: what the operator's account may reach by exec and attach, and that nobody else
// is concerned. Accounts are impersonated: nothing here is the operator's doing, and the audit must not take it for
// that.

const OPERATOR = `system:serviceaccount:${OPERATOR_NAMESPACE}:${DEPLOYMENT}`;
const OURS = 'debug-0123abcd-1';
const LISTENS = 'debug-0123abcd-20';
const SAID = 'the DebugSession operator may exec into and attach to its own debug containers only';
const busybox = { image: 'docker.io/library/busybox:1.36', imagePullPolicy: 'IfNotPresent' };
const asleep = { ...busybox, command: ['sleep', '600'] };
let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('exec-policy', { operator: false });
  await stage.runningPod('web', {
    initContainers: [{ ...asleep, name: 'setup', restartPolicy: 'Always' }],
    containers: [{ ...asleep, name: 'app' }],
  });
  const ephemeralContainers = [
    { ...asleep, name: OURS },
    { ...asleep, name: 'debug-evil' },
    {
      ...busybox,
      name: LISTENS,
      stdin: true,
      stdinOnce: true,
      command: ['sh', '-c', 'read -r word; echo "heard $word"'],
    },
  ];
  const pod = `/api/v1/namespaces/${stage.namespace}/pods/web`;
  await stage.client.patch(`${pod}/ephemeralcontainers`, { spec: { ephemeralContainers } }, { type: 'strategic' });
  await stage.untilPod('web', ({ status }) =>
    ephemeralContainers.every(({ name }) =>
      status?.ephemeralContainerStatuses?.some((found) => found.name === name && found.state?.running !== undefined),
    ),
  );
  await made('role', 'inside', '--verb=get,create', '--resource=pods/exec,pods/attach');
  // Of kubectl, which looks at the pod first. The operator does not.
  await made('role', 'look', '--verb=get', '--resource=pods');
  await made('rolebinding', 'operator-looks', '--role=look', `--user=${OPERATOR}`);
});

afterAll(() => stage.close());

async function made(...what: string[]): Promise<void> {
  expect(await stage.kubectl(['create', ...what])).toMatchObject({ code: 0, stderr: '' });
}

/** May get into every container of this namespace, as far as RBAC goes. @returns the name of its user */
async function account(name: string): Promise<string> {
  const user = `system:serviceaccount:${stage.namespace}:${name}`;
  for (const role of ['look', 'inside'])
    await made('rolebinding', `${name}-${role}`, `--role=${role}`, `--user=${user}`);
  return user;
}

function exec(user: string, container: string): Promise<Outcome> {
  return stage.kubectl(['exec', 'web', `--container=${container}`, `--as=${user}`, '--', 'echo', 'inside']);
}

/**
 * Knocks without the upgrade of the connection that a real exec or attach needs: the API server decides who may enter
 * before it looks for that.
 * @param query without a container, if that is to be left out @returns the server's words
 */
async function knock(user: string, [verb, path]: readonly [string, string], query: string): Promise<string> {
  const raw = `/api/v1/namespaces/${stage.namespace}/pods/web/${path}?command=true&stdout=true${query}`;
  const from = verb === 'create' ? ['--filename=-'] : [];
  const { stdout, stderr } = await stage.kubectl([verb, `--raw=${raw}`, `--as=${user}`, ...from], '{}');
  return `${stdout}${stderr}`;
}

describe("the operator's account", () => {
  it("the operator's account gets into containers with names of debug containers", async () => {
    expect(await exec(OPERATOR, OURS)).toMatchObject({ code: 0, stdout: 'inside\n' });
    const attach = ['attach', 'web', `--container=${LISTENS}`, '--stdin', `--as=${OPERATOR}`];
    expect((await stage.kubectl(attach, 'hello\n')).stdout).toContain('heard hello');
  });

  it("the operator's account gets into no other container: by exec or attach, over WebSocket or SPDY", async () => {
    const others = [
      'app',
      'setup',
      'debug-evil',
      '',
      `x${OURS}`,
      `${OURS}x`,
      'debug-0123ABCD-1',
      'debug-0123abcd-100',
      `app\n${OURS}`,
    ];
    const queries = [
      '',
      `&container=app&container=${OURS}`,
      ...others.map((name) => `&container=${encodeURIComponent(name)}`),
    ];
    for (const way of [
      ['get', 'exec'],
      ['create', 'exec'],
      ['get', 'attach'],
      ['create', 'attach'],
    ] as const) {
      const answers = await Promise.all(queries.map((query) => knock(OPERATOR, way, query)));
      expect(answers).toEqual(queries.map(() => expect.stringMatching(/^Error from server \(Forbidden\): [^\n]*\n$/)));
      expect(answers).toEqual(queries.map(() => expect.stringContaining(SAID)));
      expect(answers[0]).toContain('not the default container of pod web');
      expect(answers[2]).toContain('not app of pod web');
      // So that it is the name which decides, and not the manner of asking.
      expect(await knock(OPERATOR, way, `&container=${OURS}`)).not.toContain('orbidden');
    }
    expect(await exec(OPERATOR, 'app')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(SAID) });
  });

  it("the exec policy knows the operator's account in another namespace, and with more before and after its name", async () => {
    const renamed = await account(`team-${DEPLOYMENT}-2`);
    expect(await exec(renamed, OURS)).toMatchObject({ code: 0 });
    expect(await exec(renamed, 'app')).toMatchObject({ code: 1, stderr: expect.stringContaining(SAID) });
  });
});

describe('other accounts', () => {
  it('the exec policy admits other accounts as before', async () => {
    const user = await account('someone');
    for (const container of ['app', 'setup', 'debug-evil', OURS])
      expect(await exec(user, container)).toMatchObject({ code: 0, stdout: 'inside\n' });
    expect(await exec('nobody', OURS)).toMatchObject({ code: 1, stderr: expect.not.stringContaining(SAID) });
  });

  it('the exec policy admits other accounts while the policy and its binding come and go in any order', async () => {
    const other = await account('other');
    const confined = await account('confined');
    const policy = copyFor('confined', 'confine-exec-policy');
    const binding = copyFor('confined', 'confine-exec-policy-binding');
    const isConfined = async (): Promise<boolean> => {
      const [others, mine, ours] = await Promise.all([exec(other, 'app'), exec(confined, 'app'), exec(confined, OURS)]);
      expect([others, ours]).toMatchObject([{ code: 0 }, { code: 0 }]);
      if (mine.code !== 0) expect(mine.stderr).toContain(SAID);
      return mine.code !== 0;
    };
    const change = async (verb: 'apply' | 'delete', document: string): Promise<void> => {
      expect(await stage.cluster.kubectl([verb, '--filename=-'], { input: document })).toMatchObject({ code: 0 });
    };
    try {
      expect(await isConfined()).toBe(false);
      await change('apply', policy);
      expect(await isConfined()).toBe(false);
      await change('apply', binding);
      await stage.until('the policy holds', isConfined);
      await change('delete', policy);
      await stage.until('a binding alone refuses nobody', async () => !(await isConfined()));
      await change('apply', policy);
      await stage.until('the policy holds again', isConfined);
      await change('delete', binding);
      await stage.until('a policy alone refuses nobody', async () => !(await isConfined()));
      await change('apply', binding);
      await stage.until('the policy holds a third time', isConfined);
    } finally {
      for (const document of [binding, policy])
        await stage.cluster.kubectl(['delete', '--filename=-', '--ignore-not-found'], { input: document });
    }
  });
});

/**
 * A manifest of config/rbac for another account, under a name of its own: the one that is installed serves the other
 * suites.
 */
function copyFor(name: string, file: string): string {
  return readFileSync(repositoryPath(`config/rbac/${file}.yaml`), 'utf8')
    .replaceAll('debugsession-confine-exec', `confine-exec-${stage.namespace}`)
    .replace(`[^:]*${DEPLOYMENT}[^:]*`, name);
}
