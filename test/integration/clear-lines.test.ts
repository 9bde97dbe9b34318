import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { cluster } from '../cluster/cluster.ts';
import { kubectl } from '../support/cluster/api-server.ts';
import { BareApiServer } from '../support/cluster/bare-api-server.ts';
import { repositoryPath } from '../support/documents/crd.ts';
import { freePort } from '../support/cluster/free-port.ts';
import { OperatorProcess, type LogLine } from '../support/cluster/operator-process.ts';

// What a person reads when something around the operator is wrong: one line that says what and where and what to do;
// and that it goes on by itself.

const NAMESPACE = `clear-lines-${process.pid}`;
const scratch = mkdtempSync(join(tmpdir(), 'clear-lines-'));
const operators: OperatorProcess[] = [];

beforeAll(() => kubectl('create', 'namespace', NAMESPACE));
afterAll(async () => {
  await Promise.all(operators.map((operator) => operator.kill()));
  await kubectl('delete', 'namespace', NAMESPACE, '--wait=false');
  rmSync(scratch, { recursive: true });
});

function launch(kubeconfig: string, ...args: string[]): OperatorProcess {
  const operator = OperatorProcess.launch(kubeconfig, args);
  operators.push(operator);
  return operator;
}

const isFailure = (line: LogLine): boolean => line.msg === 'list or watch failed';
const warnings = ({ lines }: OperatorProcess): LogLine[] => lines.filter(({ level }) => level === 'warn');

/** Resolves once the operator has failed `count` times, said or not. */
async function untilFailures(operator: OperatorProcess, count: number): Promise<void> {
  await operator.until(() => operator.lines.filter(isFailure).length >= count);
}

/** The administrator's kubeconfig with a token in the place of his certificate. */
function kubeconfigWithToken(token: string): string {
  const config = parse(readFileSync(cluster().kubeconfig ?? '', 'utf8')) as { users: { user: object }[] };
  const file = join(scratch, `${operators.length}.kubeconfig`);
  writeFileSync(file, stringify({ ...config, users: config.users.map((user) => ({ ...user, user: { token } })) }));
  return file;
}

describe('faults that end the operator', () => {
  it('the operator ends with one line for each wrong flag', async () => {
    const operator = launch(
      '',
      '--leader-elect-lease-duration=15s',
      '--metrics-secure=false',
      '--metrics-bind-address=:1',
    );
    expect(await operator.ended).toBe(2);
    expect(operator.garbage).toEqual([
      'unknown flag "--leader-elect-lease-duration": did you mean --leader-election-lease-duration?',
      '--metrics-secure=false needs a loopback address: --metrics-bind-address=127.0.0.1:8080',
      'Try --help.',
    ]);
  });

  it.each([
    ['a kubeconfig that is not there', undefined, /kubeconfig cannot be read: ENOENT: no such file or directory/],
    ['a kubeconfig that is none', 'foo: [', /kubeconfig cannot be read: /],
    ['a kubeconfig without a cluster', 'apiVersion: v1\nkind: Config\n', /current.context/],
  ])('the operator ends with one clear line for %s', async (what, text, words) => {
    const file = join(scratch, `${what.replaceAll(' ', '-')}.kubeconfig`);
    if (text !== undefined) writeFileSync(file, text);
    const operator = launch('', `--kubeconfig=${file}`);
    expect(await operator.ended).toBe(1);
    expect(operator.garbage).toEqual([]);
    expect(operator.lines).toEqual([expect.objectContaining({ level: 'error', msg: 'the operator exits' })]);
    expect(operator.lines[0]?.['err']).toMatch(words);
  });

  it('the operator ends with a line in plain text when --log-format=text is set', async () => {
    const operator = launch('', '--kubeconfig=/nowhere', '--log-format=text');
    expect(await operator.ended).toBe(1);
    const words =
      'the operator exits err="/nowhere cannot be read: ENOENT: no such file or directory, open \'/nowhere\'"';
    expect(operator.garbage).toEqual([expect.stringMatching(new RegExp(`^[0-9TZ:.-]+ ERROR ${words}$`))]);
  });

  it('the operator ends with a clear line for an address in use and for a missing certificate', async () => {
    const port = await freePort();
    const kubeconfig = cluster().kubeconfig ?? '';
    const first = launch(kubeconfig, `--namespaces=${NAMESPACE}`, `--health-probe-bind-address=127.0.0.1:${port}`);
    await first.until(({ msg }) => msg === 'ready');
    const second = launch(kubeconfig, `--health-probe-bind-address=127.0.0.1:${port}`);
    expect(await second.ended).toBe(1);
    expect(second.lines.at(-1)?.['err']).toMatch(new RegExp(`^cannot listen on 127.0.0.1:${port}: .*EADDRINUSE`));
    const metrics = ['--metrics-bind-address=127.0.0.1:0', '--metrics-cert-path=/nowhere'];
    const third = launch(kubeconfig, '--health-probe-bind-address=127.0.0.1:0', ...metrics);
    expect(await third.ended).toBe(1);
    expect(third.lines.at(-1)?.['err']).toMatch(/^the certificate cannot be read: ENOENT.*\/nowhere\/tls\.crt/);
  });
});

/** What an operator watches before any session is there: three of ours, and two policies with their bindings. */
const RESOURCES = 7;

describe('faults that may pass', () => {
  it('the operator waits for a missing right, names account, verb, resource and scope, and goes on once it is granted', async () => {
    await kubectl('create', 'serviceaccount', 'poor', '-n', NAMESPACE);
    const kubeconfig = await cluster().createServiceAccountKubeconfig(NAMESPACE, 'poor');
    const operator = launch(kubeconfig, `--namespaces=${NAMESPACE}`);
    await untilFailures(operator, 3 * RESOURCES);
    const user = `User "system:serviceaccount:${NAMESPACE}:poor" cannot list resource`;
    const said = warnings(operator).map(({ code, msg, err }) => ({ code, msg, err: String(err) }));
    const ofPolicy = (kind: string, name: string): string =>
      `a right is missing: ${kind}.admissionregistration.k8s.io "${name}" is forbidden: ${user} "${kind}" in API group ` +
      '"admissionregistration.k8s.io" at the cluster scope; to grant it: kubectl apply -k config/rbac';
    const inNamespace = (plural: string): string =>
      `a right is missing: ${plural}.debugsession.dev is forbidden: ${user} "${plural}" in API group "debugsession.dev" in the namespace "${NAMESPACE}"; ` +
      'to grant it: kubectl apply -k config/rbac, or with --namespaces config/namespaced';
    expect(said.sort((a, b) => a.err.localeCompare(b.err))).toEqual(
      [
        `a right is missing: debugpolicies.debugsession.dev is forbidden: ${user} "debugpolicies" in API group "debugsession.dev" at the cluster scope; ` +
          'to grant it: kubectl apply -k config/rbac',
        inNamespace('debugsessions'),
        inNamespace('debugapprovals'),
        ...['debugsession-approver', 'debugsession-requester'].flatMap((name) => [
          ofPolicy('validatingadmissionpolicies', name),
          ofPolicy('validatingadmissionpolicybindings', name),
        ]),
      ]
        .sort((a, b) => a.localeCompare(b))
        .map((err) => ({ code: 403, msg: 'list or watch failed', err })),
    );
    const role = ['--clusterrole=debugsession-manager', `--serviceaccount=${NAMESPACE}:poor`];
    await kubectl('create', 'rolebinding', 'rich', '-n', NAMESPACE, ...role);
    await operator.until(({ msg }) => msg === 'ready');
    expect(operator.lines.map(({ msg }) => msg)).toContain('list and watch work again');
    expect(await operator.stop()).toBe(0);
  });

  it('the operator says once for each resource that the API server does not accept its credentials', async () => {
    const operator = launch(kubeconfigWithToken('expired'));
    await untilFailures(operator, 3 * RESOURCES);
    const server = cluster().node?.server ?? expect.stringMatching(/^https/);
    const line = expect.objectContaining({
      code: 401,
      err: `${String(server)} does not accept our credentials (401 Unauthorized): the token or the certificate has expired, or is not of this cluster`,
    });
    expect(warnings(operator)).toEqual(Array.from({ length: RESOURCES }, () => line));
    expect(new Set(warnings(operator).map(({ resource }) => resource)).size).toBe(RESOURCES);
    expect(await operator.stop()).toBe(0);
  });
});

/** The programs of an API server are those of a cluster of our own. */
const onOwn = process.env['CLUSTER'] === 'current' ? describe.skip : describe;

onOwn('an API server that starts late and has no CRD', () => {
  let server: BareApiServer;
  let operator: OperatorProcess;
  let readyz: string;

  beforeAll(async () => {
    server = await BareApiServer.prepare();
    const port = await freePort();
    readyz = `http://127.0.0.1:${port}/readyz`;
    operator = launch(server.kubeconfig, `--health-probe-bind-address=127.0.0.1:${port}`);
  });
  afterAll(() => server.stop());

  it('the operator tries an absent API server again at growing intervals, and says in each line where and why', async () => {
    const triesOf = (what: string): LogLine[] => warnings(operator).filter(({ resource }) => resource === what);
    await operator.until(() => triesOf('debugsessions').length >= 4);
    const tries = triesOf('debugsessions');
    const address = new URL(server.server).host;
    for (const { err } of tries) expect(err).toBe(`no answer from ${server.server}: connect ECONNREFUSED ${address}`);
    // Half of each is random: the fourth is longer than the first in any case.
    expect(Number(tries[3]?.['retryInMs'])).toBeGreaterThan(Number(tries[0]?.['retryInMs']));
    expect((await fetch(readyz)).status).toBe(500);
  });

  it('the operator says once that the CRD is missing and how to install it, and is not ready', async () => {
    await server.start();
    const isMissing = ({ code }: LogLine): boolean => code === 404;
    await operator.until(() => operator.lines.filter(isMissing).length >= 9);
    const missing = (resource: string): string =>
      `the resource ${resource}.debugsession.dev is not installed in the cluster; to install it: kubectl apply -k config/crd; waiting for it`;
    expect(operator.lines.filter(isMissing).map(({ level }) => level)).toEqual(
      expect.arrayContaining(['warn', 'debug', 'debug']),
    );
    const said = warnings(operator).filter(isMissing);
    expect(new Set(said.map(({ err }) => err))).toEqual(
      new Set(['debugsessions', 'debugpolicies', 'debugapprovals'].map(missing)),
    );
    expect(said).toHaveLength(3);
    // Asked three times, and said once.
    for (let times = 0; times < 3; times++) expect((await fetch(readyz)).status).toBe(500);
    const reason = `the list of debugsessions has not been read yet: ${missing('debugsessions')}`;
    expect(operator.lines.filter((line) => line['reason'] === reason)).toHaveLength(1);
  });

  it('the operator goes on by itself when the CRD is installed', async () => {
    expect(await server.kubectl('apply', '-k', repositoryPath('config/crd'))).toMatchObject({ code: 0 });
    await operator.until(({ msg }) => msg === 'ready');
    expect((await fetch(readyz)).status).toBe(200);
    expect(operator.garbage).toEqual([]);
    expect(await operator.stop()).toBe(0);
  });
});
