// What `helm test` runs, in a pod with the operator's image: requests a session of a pod that does not exist, and waits
// for the operator's answer. It shows that the custom resource is served, that no account can request a session in
// another's name, and that an operator works. Nothing is injected.
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

interface Answer {
  readonly code: number;
  readonly body: {
    readonly message?: string;
    readonly metadata?: { readonly name?: string };
    readonly status?: { readonly phase?: string; readonly reason?: string; readonly userInfo?: object };
  };
}

const env = process.env;
const host = env['KUBERNETES_SERVICE_HOST'] ?? '';
const server = `https://${host.includes(':') ? `[${host}]` : host}:${env['KUBERNETES_SERVICE_PORT']}`;
const namespace = env['SESSION_NAMESPACE'] ?? '';
const token = readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/token', 'utf8');
const sessions = `/apis/debugsession.dev/v1alpha1/namespaces/${namespace}/debugsessions`;
const end = Date.now() + 60_000;

async function ask(method: string, path: string, body?: object): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const request = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
  const answer = await fetch(`${server}${path}`, request);
  return { code: answer.status, body: (await answer.json()) as Answer['body'] };
}

function session(requestedBy: object): object {
  return {
    apiVersion: 'debugsession.dev/v1alpha1',
    kind: 'DebugSession',
    metadata: { generateName: 'debugsession-test-' },
    spec: {
      target: { podName: 'debugsession-test-has-no-such-pod' },
      image: 'busybox',
      justification: 'helm test',
      requestedBy,
    },
  };
}

/** The status that an operator gives a new session, or undefined after a minute. */
async function answered(requestedBy: object): Promise<Answer['body']['status']> {
  const created = await ask('POST', sessions, session(requestedBy));
  if (created.code !== 201) throw new Error(`the API server refuses a session: ${created.body.message}`);
  const path = `${sessions}/${created.body.metadata?.name}`;
  try {
    while (Date.now() < end) {
      const { status } = (await ask('GET', path)).body;
      if (status?.reason !== undefined) return status;
      await delay(500);
    }
    return undefined;
  } finally {
    await ask('DELETE', path);
  }
}

async function expectNoForgery(): Promise<void> {
  const forged = await ask('POST', `${sessions}?dryRun=All`, session({ username: 'somebody-else' }));
  if (forged.code === 201)
    throw new Error('the API server accepts a session in the name of somebody else: the admission policy is missing');
  if (forged.body.message?.includes('requestedBy') !== true)
    throw new Error(`the API server refuses a session: ${forged.body.message}`);
  console.log('The API server refuses a session in the name of somebody else.');
}

async function expectOperator(): Promise<void> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const { body } = await ask('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', review);
  const self = body.status?.userInfo ?? {};
  let status = await answered(self);
  // The operator believes admission policies some seconds after they were created.
  while (status?.reason === 'AdmissionPolicyMissing' && Date.now() < end) status = await answered(self);
  if (status === undefined) throw new Error('no operator answers a session within a minute: look at its log');
  if (status.reason === 'AdmissionPolicyMissing') throw new Error('the operator does not find its admission policy');
  console.log(`The operator answers a session: ${status.phase}, ${status.reason}.`);
}

try {
  await expectNoForgery();
  await expectOperator();
} catch (error) {
  console.error(`In namespace ${namespace}, ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
