import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { run } from '../cluster/run-program.ts';
import { CHART, Helm } from '../support/cluster/helm.ts';

// What Helm prints after an installation: the first commands that a person types.

const NAMESPACE = 'debugsession-system';
let helm: Helm;

beforeAll(async () => {
  helm = await Helm.open();
});

afterAll(() => {
  helm.close();
});

async function notes(values: object = {}): Promise<string> {
  const args = ['install', 'debugsession', CHART, '--namespace', NAMESPACE, '--dry-run=client', '--take-ownership'];
  const said = await helm.ok(args, values);
  return said.slice(said.indexOf('\nNOTES:\n'));
}

/** The lines that are meant to be copied. */
function commands(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => /^ {3}(helm|kubectl) /.test(line))
    .map((line) => line.trim());
}

it('the notes say the first three commands, and how to uninstall in the right order', async () => {
  expect(commands(await notes())).toEqual([
    `helm test debugsession --namespace ${NAMESPACE}`,
    'kubectl -n NAMESPACE create rolebinding debuggers --clusterrole=debugsession-user --group=TEAM',
    'kubectl dbg POD -n NAMESPACE --reason TICKET',
    `kubectl label namespace ${NAMESPACE} pod-security.kubernetes.io/enforce=restricted`,
    'kubectl delete debugsessions --all --all-namespaces',
    `helm uninstall debugsession --namespace ${NAMESPACE}`,
    'kubectl delete crd debugsessions.debugsession.dev debugpolicies.debugsession.dev debugapprovals.debugsession.dev',
  ]);
});

it('the notes name a namespace of the list where the operator serves some only', async () => {
  const [, grant, debug] = commands(await notes({ namespaces: ['depot', 'stock'] }));
  expect([grant, debug]).toEqual([
    'kubectl -n depot create rolebinding debuggers --clusterrole=debugsession-user --group=TEAM',
    'kubectl dbg POD -n depot --reason TICKET',
  ]);
});

it('the notes do not tell a person to delete custom resources that Helm deletes', async () => {
  expect(await notes({ crds: { keep: false } })).not.toContain('kubectl delete crd');
});

it('the notes say that requesters write their name where nothing fills it in', async () => {
  const words = 'Nothing fills in spec.requestedBy here';
  expect(await notes()).not.toContain(words);
  expect(await notes({ admission: { fillInRequester: false } })).toContain(words);
});

it('a shell can read every command of the notes', async () => {
  const script = commands(await notes()).join('\n');
  expect(await run(['sh', '-n'], { input: script })).toEqual({ code: 0, stdout: '', stderr: '' });
});
