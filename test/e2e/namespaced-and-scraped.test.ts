import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { repositoryPath } from '../support/documents/crd.ts';
import { freePort } from '../support/cluster/free-port.ts';
import { letReadPolicy } from '../support/cluster/policy-reader.ts';
import { Stage } from '../support/cluster/stage.ts';

const ACCOUNT = 'confined';
let stage: Stage;
let metricsPort: number;

beforeAll(async () => {
  stage = await Stage.open('namespaced', { operator: false });
  const manifests = [{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: ACCOUNT } }, ...(await rights())];
  const applied = await stage.kubectl(
    ['apply', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }),
  );
  expect(applied).toMatchObject({ code: 0 });
  await letReadPolicy(stage, ACCOUNT);
  metricsPort = await freePort();
  await stage.startOperatorAs(
    await stage.cluster.createServiceAccountKubeconfig(stage.namespace, ACCOUNT),
    ...['--leader-elect', `--leader-election-namespace=${stage.namespace}`],
    ...['--metrics-secure=false', `--metrics-bind-address=127.0.0.1:${metricsPort}`],
  );
});

afterAll(() => stage.close());

interface Manifest {
  kind: string;
  metadata: { name: string };
  subjects?: object[];
}

/**
 * What config/namespaced grants in one namespace, and the Lease, but for the policy of the whole cluster, for an
 * account of the test's own: the usual one has more rights here.
 */
async function rights(): Promise<Manifest[]> {
  const role = await stage.kubectl(['kustomize', repositoryPath('config/namespaced/rights')]);
  const lease = ['leader-election-role.yaml', 'leader-election-role-binding.yaml']
    .map((file) => readFileSync(repositoryPath(`config/rbac/${file}`), 'utf8'))
    .join('---\n');
  return [role.stdout, lease]
    .flatMap((text) => parseAllDocuments(text))
    .map((document) => document.toJS() as Manifest)
    .map((manifest) => ({
      ...manifest,
      metadata: { name: manifest.metadata.name },
      ...(manifest.subjects && {
        subjects: [{ kind: 'ServiceAccount', name: ACCOUNT, namespace: stage.namespace }],
      }),
    }));
}

/** Every series that a scraper would see, as `name{labels}`. */
async function scrape(): Promise<string[]> {
  const body = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

it('the operator serves sessions with rights in one namespace alone', async () => {
  await stage.runningPod('web');
  const target = { podName: 'web' };
  await stage.createSession('ends', { target, command: ['true'] });
  await stage.createSession('stays', { target, command: ['sleep', '600'], ttl: '5m' });
  await stage.createSession('fails', { target: { podName: 'web', containerName: 'none' } });
  await stage.untilPhase('ends', 'Completed');
  await stage.untilPhase('stays', 'Running');
  await stage.untilPhase('fails', 'Failed');
  await stage.until('its events', async () => {
    return (await stage.events('DebugSession', 'ends')).some(({ reason }) => reason === 'Ended');
  });

  const account = `system:serviceaccount:${stage.namespace}:${ACCOUNT}`;
  const elsewhere = ['auth', 'can-i', 'list', 'pods', '--all-namespaces', `--as=${account}`];
  expect(await stage.cluster.kubectl(elsewhere)).toMatchObject({ stdout: expect.stringMatching(/^no/) });
});

it('the operator shows every series that the dashboard and the alerts pick by its labels', async () => {
  const series = await scrape();
  const dashboard = readFileSync(repositoryPath('config/grafana/dashboard.json'), 'utf8').replaceAll('\\"', '"');
  const rules = parse(readFileSync(repositoryPath('config/prometheus/rules.yaml'), 'utf8')) as unknown;
  const text = dashboard + JSON.stringify(rules).replaceAll('\\"', '"');
  // Pickers by equality, such as workqueue_depth{name="debugsession"}. Regular expressions pick what need not have
  // happened.
  const pickers = [...text.matchAll(/([a-z_]+)\{((?:\w+="[^"]*",?)+)\}/g)];
  expect(pickers.length).toBeGreaterThan(10);
  const missing = pickers.filter(
    ([, name = '', labels = '']) =>
      !series.some((line) => line.startsWith(`${name}{`) && labels.split(',').every((label) => line.includes(label))),
  );
  expect([...new Set(missing.map(([picker]) => picker))]).toEqual([]);
  expect(series).toEqual(
    expect.arrayContaining([
      'leader_election_master_status{name="debugsession.dev"} 1',
      'debugsession_sessions{phase="Running"} 1',
      'debugsession_sessions{phase="Completed"} 1',
      'debugsession_end_unconfirmed{status="False"} 0',
      'debugsession_failures_total{reason="TargetContainerNotFound"} 1',
    ]),
  );
});
