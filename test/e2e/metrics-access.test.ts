import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, fetch } from 'undici';
import { selfSignedCertificate } from '../../src/observability/self-signed-certificate.ts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/cluster/free-port.ts';
import { Stage } from '../support/cluster/stage.ts';
import { patient } from '../support/patience.ts';

// Who may read the metrics, by the word of a real API server: TokenReview and SubjectAccessReview, with the rights of
// config/rbac.

const BINDINGS = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
const READER = 'debugsession-metrics-reader';

let stage: Stage;
let url: string;
let binding: string;
// A connection for each request: the operator may close one that is kept just when the next request goes out on it.
const strangers = new Agent({ pipelining: 0, connect: { rejectUnauthorized: false } });

beforeAll(async () => {
  stage = await Stage.open('metrics-access', { operator: false });
  binding = `${READER}-${stage.namespace}`;
  await Promise.all(['prometheus', 'leaver', 'anybody'].map((name) => createAccount(name)));
  await stage.client.create(BINDINGS, {
    metadata: { name: binding },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: READER },
    subjects: ['prometheus', 'leaver'].map((name) => ({ kind: 'ServiceAccount', name, namespace: stage.namespace })),
  });
  const port = await freePort();
  url = `https://127.0.0.1:${port}/metrics`;
  await stage.startOperator(`--metrics-bind-address=127.0.0.1:${port}`);
});

afterAll(async () => {
  await stage.client.delete(`${BINDINGS}/${binding}`);
  await strangers.close();
  await stage.close();
});

function createAccount(name: string): Promise<unknown> {
  return stage.client.create(`/api/v1/namespaces/${stage.namespace}/serviceaccounts`, { metadata: { name } });
}

async function tokenOf(account: string): Promise<string> {
  const made = await stage.kubectl(['create', 'token', account]);
  if (made.code !== 0) throw new Error(made.stderr);
  return made.stdout.trim();
}

async function scrape(token?: string): Promise<{ status: number; body: string }> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(url, { headers, dispatcher: strangers });
  return { status: answer.status, body: await answer.text() };
}

describe('metrics as the manifests serve them', () => {
  it('an account with the reader role reads the metrics', async () => {
    const { status, body } = await scrape(await tokenOf('prometheus'));
    expect({ status, body }).toEqual({ status: 200, body: expect.stringMatching(/^rest_client_requests_total\{/m) });
  });

  it('an account without the reader role reads no metrics, and a request without an account reads none', async () => {
    const nothing = expect.not.stringContaining('rest_client');
    expect(await scrape(await tokenOf('anybody'))).toEqual({ status: 403, body: nothing });
    expect(await scrape()).toEqual({ status: 401, body: nothing });
    expect(await scrape('eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl')).toEqual({ status: 401, body: nothing });
  });

  it('the operator refuses the token of a deleted account when its cached answer expires', async () => {
    const token = await tokenOf('leaver');
    expect(await scrape(token)).toMatchObject({ status: 200 });
    await stage.client.delete(`/api/v1/namespaces/${stage.namespace}/serviceaccounts/leaver`);
    const deleted = performance.now();
    await stage.until('the token is refused', async () => (await scrape(token)).status === 401);
    // 10 s here, and about as long in the API server, which has a cache of its own.
    expect(performance.now() - deleted).toBeLessThan(patient(30_000));
  });

  it('the operator serves the given certificate, and the new certificate when the files change', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'metrics-certificate-'));
    const port = await freePort();
    const token = await tokenOf('prometheus');
    /** Whoever trusts this certificate alone: does he get an answer? */
    const isServed = async (ca: string): Promise<boolean> => {
      const dispatcher = new Agent({ connect: { ca } });
      const headers = { authorization: `Bearer ${token}` };
      const asked = fetch(`https://localhost:${port}/metrics`, { headers, dispatcher });
      const served = await asked.then(({ status }) => status === 200).catch(() => false);
      await dispatcher.destroy();
      return served;
    };
    const write = (): string => {
      const { cert, key } = selfSignedCertificate({ hostname: 'metrics', now: new Date(), days: 1 });
      writeFileSync(join(folder, 'tls.crt'), cert);
      writeFileSync(join(folder, 'tls.key'), key);
      return cert;
    };
    try {
      const first = write();
      await stage.startOperator(`--metrics-bind-address=127.0.0.1:${port}`, `--metrics-cert-path=${folder}`);
      expect(await isServed(first)).toBe(true);
      const second = write();
      await stage.until('the new certificate is served', () => isServed(second));
      expect(await isServed(first)).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('the operator does not serve the metrics without TLS', async () => {
    await expect(fetch(url.replace('https:', 'http:'))).rejects.toThrow();
  });
});
