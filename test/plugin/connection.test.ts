import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { CONNECTION_FLAGS } from '../../src/plugin/connection-flags.ts';
import { Dbg } from '../support/cluster/dbg.ts';
import { Person } from '../support/cluster/person.ts';
import { Stage } from '../support/cluster/stage.ts';

let stage: Stage;
const folder = mkdtempSync(join(tmpdir(), 'kubectl-dbg-connection-'));

interface Kubeconfig {
  clusters: { name: string; cluster: { server: string } }[];
  users: { name: string; user: object }[];
  contexts: { name: string; context: { cluster: string; user: string; namespace?: string } }[];
  'current-context': string;
}

beforeAll(async () => {
  stage = await Stage.open('plugin-connection');
  await stage.runningPod('web');
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await stage.close();
});

/** Stands between kubectl and the API server. */
async function proxy(server: URL): Promise<{ port: number; cut: () => void; close: () => void }> {
  const sockets = new Set<Socket>();
  const listener = createServer((client) => {
    const upstream = connect(Number(server.port), server.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream).pipe(client);
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const cut = (): void => sockets.forEach((socket) => void socket.resetAndDestroy());
  const close = (): void => {
    cut();
    listener.close();
  };
  return { port: (listener.address() as AddressInfo).port, cut, close };
}

it('kubectl dbg attaches to the same shell again when the connection is cut', async () => {
  const { server, hostname } = serverOf(stage.cluster.kubeconfig ?? '');
  const between = await proxy(server);
  const dbg = new Dbg(stage);
  const flags = [`--server=https://127.0.0.1:${between.port}`, `--tls-server-name=${hostname}`];
  const terminal = dbg.open(['web', '--name=cut', ...flags]);
  await terminal.sees(/Session cut runs/);
  await terminal.run('', /[#$] /);
  await terminal.run('word=kept; echo "it is $word"', /it is kept/);
  between.cut();
  await terminal.sees(/The connection broke: attaching again/);
  await terminal.run('echo "still $word"', /still kept/);
  terminal.type('exit 9');
  expect(await terminal.ended()).toMatch(/Session cut is completed/);
  expect(await terminal.exitCode()).toBe(9);
  dbg.close();
  between.close();
});

it('kubectl dbg works with a credential plugin, a context and its namespace as kubectl does', async () => {
  await Person.whoMayAsk(stage, `system:serviceaccount:${stage.namespace}:default`);
  const given = readConfig(await stage.cluster.createServiceAccountKubeconfig(stage.namespace, 'default'));
  const { token } = given.users[0]?.user as { token: string };
  const plugin = join(folder, 'credentials.sh');
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token },
  };
  writeFileSync(plugin, `#!/bin/sh\ncat <<'END'\n${JSON.stringify(credential)}\nEND\n`);
  chmodSync(plugin, 0o755);
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'IfAvailable' };
  const [cluster] = given.clusters;
  const context = { cluster: cluster?.name, user: 'somebody', namespace: stage.namespace };
  const kubeconfig = {
    ...given,
    users: [{ name: 'somebody', user: { exec } }],
    contexts: [
      { name: 'other', context: { ...context, namespace: 'default' } },
      { name: 'meant', context },
    ],
    'current-context': 'other',
  };
  const file = join(folder, 'kubeconfig');
  writeFileSync(file, stringify(kubeconfig));
  const dbg = new Dbg(stage, undefined, { KUBECONFIG: file });
  const outcome = await dbg.runBare(['web', '--context=meant', '--name=by-plugin', '--', 'echo', 'hello']);
  dbg.close();
  expect(outcome).toMatchObject({ code: 0, stdout: 'hello\n' });
  const { spec } = await stage.session('by-plugin');
  expect(spec.requestedBy?.username).toBe(`system:serviceaccount:${stage.namespace}:default`);
});

/** Flags of kubectl 1.37, which an older one does not have. */
const NEWER = ['proxy-url'];

it('kubectl dbg hands on every flag that kubectl has for connections, and no other flag', async () => {
  const { stdout } = await stage.cluster.kubectl(['options']);
  const known = [...stdout.matchAll(/^ +(?:-\w, )?--([a-z-]+)=/gm)].map(([, name]) => name ?? '');
  const ofKubectlItself = [
    'profile',
    'profile-output',
    'v',
    'vmodule',
    'warnings-as-errors',
    'log-flush-frequency',
    'match-server-version',
  ];
  const meant = known.filter((name) => !ofKubectlItself.includes(name)).sort();
  const isKnown = (name: string): boolean => known.includes(name) || !NEWER.includes(name);
  const ours: string[] = CONNECTION_FLAGS.map(({ long }) => long);
  expect(ours.filter(isKnown).sort()).toEqual(meant);
});

it.each([
  ['no kubectl', { KUBECTL: '/nowhere/kubectl' }, /^error: \/nowhere\/kubectl is not found/],
  ['no context of this name', {}, /^error: context "nowhere" does not exist\n$/],
])('kubectl dbg names its fault on one line: %s', async (_, env, said) => {
  const dbg = new Dbg(stage, undefined, env);
  const outcome = await dbg.run(['ls', '--context=nowhere']);
  dbg.close();
  expect(outcome).toMatchObject({ code: 1, stdout: '' });
  expect(outcome.stderr).toMatch(said);
});

function readConfig(file: string): Kubeconfig {
  return parse(readFileSync(file, 'utf8')) as Kubeconfig;
}

function serverOf(file: string): { server: URL; hostname: string } {
  const server = new URL(readConfig(file).clusters[0]?.cluster.server ?? '');
  return { server, hostname: server.hostname };
}
