import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Check } from '../../src/plugin/doctor/check.ts';
import { distrolessImage } from '../cluster/image-names.ts';
import { Dbg } from '../support/cluster/dbg.ts';
import { Person } from '../support/cluster/person.ts';
import { Stage } from '../support/cluster/stage.ts';

let stage: Stage;
let dbg: Dbg;

beforeAll(async () => {
  stage = await Stage.open('plugin-doctor');
  dbg = new Dbg(stage);
});

afterAll(async () => {
  dbg.close();
  await stage.close();
});

interface Outcome {
  code: number;
  checks: Map<string, Check>;
}

async function examine(who: Dbg, ...words: string[]): Promise<Outcome> {
  const { code, stdout } = await who.run(['doctor', '-o', 'json', ...words]);
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  return { code: code ?? -1, checks: new Map(checks.map((check) => [check.name, check])) };
}

async function make(object: object): Promise<void> {
  const { code, stderr } = await stage.kubectl(['create', '-f', '-'], JSON.stringify(object));
  if (code !== 0) throw new Error(stderr);
}

async function patch(kind: string, name: string, change: object): Promise<void> {
  const { code, stderr } = await stage.kubectl([
    'patch',
    kind,
    name,
    '--type=merge',
    `--patch=${JSON.stringify(change)}`,
  ]);
  if (code !== 0) throw new Error(stderr);
}

describe('kubectl dbg doctor', () => {
  it('doctor finds what a cluster with DebugSession has, and fails without a leader', async () => {
    const { code, checks } = await examine(dbg, `--operator-namespace=${stage.namespace}`);
    expect(code).toBe(1);
    const states = Object.fromEntries([...checks].map(([name, { state }]) => [name, state]));
    expect(states).toMatchObject({
      Kubernetes: 'ok',
      'ephemeral containers': 'ok',
      clock: 'ok',
      resources: 'ok',
      operator: 'warning',
      leader: 'broken',
      'policy debugsession-requester': 'ok',
      'policy debugsession-guard': 'ok',
      'policy debugsession-fill-in-requester': 'ok',
      // It names the Lease of the namespace that the operator has by default.
      'policy debugsession-fill-in-finalizer': 'warning',
      'DebugPolicy default': 'ok',
      'your rights': 'ok',
      'Pod Security': 'ok',
    });
    expect(checks.get('DebugPolicy default')?.words).toContain('admission refuses what it does not allow');
    expect(checks.get('leader')?.words).toBe(
      `no operator leads: there is no Lease debugsession.dev in namespace ${stage.namespace}`,
    );
  });

  it('doctor tells a leader that renews its Lease from one that is silent', async () => {
    const lease = (renewTime: Date): object => ({
      spec: {
        holderIdentity: 'manager-1',
        leaseDurationSeconds: 15,
        renewTime: renewTime.toISOString().replace('Z', '000Z'),
      },
    });
    const kind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'debugsession.dev' } };
    await make({ ...kind, ...lease(new Date()) });
    const leads = await examine(dbg, `--operator-namespace=${stage.namespace}`);
    expect(leads.checks.get('leader')).toEqual({ name: 'leader', state: 'ok', words: 'manager-1 leads' });
    // The time of the API server is cut to the second, so a margin keeps the length above the hour.
    await patch('lease', 'debugsession.dev', lease(new Date(Date.now() - 3_660_000)));
    const silent = await examine(dbg, `--operator-namespace=${stage.namespace}`);
    expect(silent.code).toBe(1);
    expect(silent.checks.get('leader')?.words).toMatch(/^no operator leads: manager-1 has been silent for 1h/);
  });

  it('doctor finds the Deployment of the operator, and the rights that its account lacks', async () => {
    const labels = { 'app.kubernetes.io/name': 'debugsession', 'app.kubernetes.io/component': 'manager' };
    const containers = [{ name: 'manager', image: distrolessImage, imagePullPolicy: 'IfNotPresent' }];
    await make({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'manager', labels },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
    });
    await stage.kubectl(['rollout', 'status', 'deployment/manager', '--timeout=300s']);
    const { checks } = await examine(dbg, `--operator-namespace=${stage.namespace}`);
    expect(checks.get('operator')).toMatchObject({
      state: 'ok',
      words: expect.stringContaining(`${stage.namespace}/manager has 1 of 1 replicas ready`),
    });
    expect(checks.get("the operator's rights")).toMatchObject({
      state: 'broken',
      words: expect.stringContaining('patch pods/ephemeralcontainers'),
    });
  });

  it('doctor says in which field somebody changed an admission policy', async () => {
    await patch('validatingadmissionpolicybinding', 'debugsession-confine', { spec: { validationActions: ['Audit'] } });
    const { checks } = await examine(dbg);
    await patch('validatingadmissionpolicybinding', 'debugsession-confine', { spec: { validationActions: ['Deny'] } });
    expect(checks.get('policy debugsession-confine')).toMatchObject({
      state: 'warning',
      words: expect.stringContaining('its binding differs from this release in spec.validationActions[0]'),
    });
  });

  it('doctor says what the namespace lets in, and which webhook sees it', async () => {
    await patch('namespace', stage.namespace, {
      metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    });
    const rule = { apiGroups: ['*'], apiVersions: ['*'], operations: ['UPDATE'], resources: ['*/*'] };
    const hook = {
      name: 'gate.plugin.example',
      rules: [rule],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': stage.namespace } },
      clientConfig: { url: 'https://127.0.0.1:1/' },
      failurePolicy: 'Ignore',
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    };
    const kind = 'ValidatingWebhookConfiguration';
    await make({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind,
      metadata: { name: stage.namespace },
      webhooks: [hook],
    });
    const { checks } = await examine(dbg);
    await stage.kubectl(['delete', kind, stage.namespace]);
    expect(checks.get('Pod Security')?.words).toContain('it allows profile restricted');
    expect(checks.get('other webhooks')?.words).toContain('gate.plugin.example');
  });

  it('doctor fails for nobody who may not read the installation, and says so line by line', async () => {
    await Person.whoMayAsk(stage, 'dana');
    const dana = new Dbg(stage, 'dana');
    const { code, stdout, stderr } = await dana.run(['doctor']);
    dana.close();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^unknown {2}leader +you may not read Lease debugsession\.dev/m);
    expect(stdout).toMatch(/^unknown {2}policy debugsession-guard +you may not read admission policies$/m);
    expect(stdout).toMatch(/^ok {7}your rights +you have the rights of debugsession-user/m);
  });

  it('doctor names the rights that a person lacks', async () => {
    const nobody = new Dbg(stage, 'mallory');
    const { code, checks } = await examine(nobody);
    nobody.close();
    expect(code).toBe(0);
    expect(checks.get('your rights')?.words).toContain('delete debugsessions');
  });

  it('doctor says in one line that there is no cluster', async () => {
    const outcome = await dbg.run(['doctor', '--server=https://127.0.0.1:1']);
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toMatch(/^error: .*127\.0\.0\.1:1.*\n$/);
  });
});
