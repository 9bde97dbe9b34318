import { afterEach, describe, expect, it } from '@jest/globals';
import { Agent, fetch } from 'undici';
import { DelegatedAccess } from '../../../src/observability/delegated-access.ts';
import type { Listener } from '../../../src/observability/http-listener.ts';
import { startMetricsServer } from '../../../src/observability/metrics-server.ts';
import { selfSignedCertificate } from '../../../src/observability/self-signed-certificate.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { FakeClock } from '../../support/fakes/fake-clock.ts';

/** An API server that knows some tokens, and who of their owners may what. */
function reviews(users: Record<string, string>, allowed: readonly string[]) {
  const asked: string[] = [];
  return {
    asked,
    users,
    failing: false,
    authenticate(token: string): Promise<{ username: string } | undefined> {
      asked.push(`who is ${token}`);
      if (this.failing) return Promise.reject(new Error('no answer from https://x'));
      const username = users[token];
      return Promise.resolve(username === undefined ? undefined : { username });
    },
    authorize({ username }: { username: string }, verb: string, path: string): Promise<boolean> {
      asked.push(`may ${username} ${verb} ${path}`);
      return Promise.resolve(allowed.includes(`${username} ${verb} ${path}`));
    },
  };
}

describe('delegated access', () => {
  it('delegated access asks who the client is, and then whether the client may read', async () => {
    const server = reviews({ t1: 'prometheus', t2: 'jo' }, ['prometheus get /metrics']);
    const access = new DelegatedAccess(server, new FakeClock());
    expect(await access.decide('t1', 'get', '/metrics')).toEqual({ kind: 'allowed' });
    expect(await access.decide('t1', 'head', '/metrics')).toEqual({ kind: 'forbidden', username: 'prometheus' });
    expect(await access.decide('t2', 'get', '/metrics')).toEqual({ kind: 'forbidden', username: 'jo' });
    expect(await access.decide('t3', 'get', '/metrics')).toEqual({ kind: 'unauthenticated' });
    expect(server.asked.slice(0, 2)).toEqual(['who is t1', 'may prometheus get /metrics']);
  });

  it('delegated access keeps an answer for 10 s, yes or no, and then asks again', async () => {
    const clock = new FakeClock();
    const server = reviews({ t1: 'prometheus' }, ['prometheus get /metrics']);
    const access = new DelegatedAccess(server, clock);
    const both = async (): Promise<string[]> => [
      (await access.decide('t1', 'get', '/metrics')).kind,
      (await access.decide('t2', 'get', '/metrics')).kind,
    ];
    expect(await both()).toEqual(['allowed', 'unauthenticated']);
    delete server.users['t1'];
    server.users['t2'] = 'prometheus';
    clock.advance(9_999);
    expect(await both()).toEqual(['allowed', 'unauthenticated']);
    expect(server.asked).toHaveLength(3);
    clock.advance(1);
    expect(await both()).toEqual(['unauthenticated', 'allowed']);
  });

  it('delegated access passes a failure on and does not remember it', async () => {
    const server = reviews({ t1: 'prometheus' }, ['prometheus get /metrics']);
    const access = new DelegatedAccess(server, new FakeClock());
    server.failing = true;
    await expect(access.decide('t1', 'get', '/metrics')).rejects.toThrow('no answer');
    server.failing = false;
    expect(await access.decide('t1', 'get', '/metrics')).toEqual({ kind: 'allowed' });
  });

  it('delegated access asks once for two equal requests at a time, and sends at most eight at a time', async () => {
    const open: (() => void)[] = [];
    const authenticate = (): Promise<undefined> => new Promise((resolve) => open.push(() => resolve(undefined)));
    const access = new DelegatedAccess({ authenticate, authorize: () => Promise.resolve(true) }, new FakeClock());
    const decide = (token: number): Promise<{ kind: string }> => access.decide(`t${token}`, 'get', '/metrics');
    const first = Array.from({ length: 8 }, (_, token) => decide(token));
    const again = decide(0);
    expect(await decide(8)).toEqual({ kind: 'busy' });
    expect(open).toHaveLength(8);
    for (const answer of open.splice(0)) answer();
    expect(await Promise.all([...first, again])).toEqual(
      Array.from({ length: 9 }, () => ({ kind: 'unauthenticated' })),
    );
    const late = decide(8);
    open[0]?.();
    expect(await late).toEqual({ kind: 'unauthenticated' });
  });

  it('delegated access answers an account that was allowed before, however many strangers ask', async () => {
    const clock = new FakeClock();
    const open: (() => void)[] = [];
    const authenticate = (token: string): Promise<{ username: string } | undefined> =>
      token === 't1'
        ? Promise.resolve({ username: 'prometheus' })
        : new Promise((resolve) => open.push(() => resolve(undefined)));
    const access = new DelegatedAccess({ authenticate, authorize: () => Promise.resolve(true) }, clock);
    await access.decide('t1', 'get', '/metrics');
    clock.advance(30_000);
    const strangers = Array.from({ length: 8 }, (_, number) => access.decide(`s${number}`, 'get', '/metrics'));
    expect(await access.decide('t2', 'get', '/metrics')).toEqual({ kind: 'busy' });
    expect(await access.decide('t1', 'get', '/metrics')).toEqual({ kind: 'allowed' });
    for (const answer of open) answer();
    await Promise.all(strangers);
  });

  it('delegated access remembers a thousand answers and no more', async () => {
    const server = reviews({}, []);
    const access = new DelegatedAccess(server, new FakeClock());
    for (let token = 0; token <= 1_000; token++) await access.decide(`t${token}`, 'get', '/metrics');
    await access.decide('t1000', 'get', '/metrics');
    expect(server.asked).toHaveLength(1_001);
    await access.decide('t0', 'get', '/metrics');
    expect(server.asked).toHaveLength(1_002);
  });
});

describe('the metrics over HTTPS', () => {
  let listener: Listener | undefined;
  const agent = new Agent({ connect: { rejectUnauthorized: false } });
  afterEach(() => listener?.stop());

  async function start(server = reviews({ good: 'prometheus', poor: 'jo' }, ['prometheus get /metrics'])) {
    const lines: unknown[] = [];
    const logger = { ...silentLogger, warn: (fields: object) => void lines.push(fields) };
    listener = await startMetricsServer({
      address: { host: '127.0.0.1', port: 0 },
      metrics: { expose: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', body: 'up 1\n' }) },
      secure: {
        certificate: selfSignedCertificate({ hostname: 'x', now: new Date(), days: 1 }),
        access: new DelegatedAccess(server, new FakeClock()),
      },
      logger,
    });
    return { server, lines };
  }

  async function get(authorization?: string, path = '/metrics', method = 'GET') {
    const headers = authorization === undefined ? {} : { authorization };
    const url = `https://127.0.0.1:${listener?.address.port}${path}`;
    const answer = await fetch(url, { method, headers, dispatcher: agent });
    return { status: answer.status, body: await answer.text(), challenge: answer.headers.get('www-authenticate') };
  }

  it.each(['Bearer good', 'bearer  good', 'BEARER good more'])(
    'the metrics server answers an account with the right: %s',
    async (authorization) => {
      await start();
      expect(await get(authorization)).toEqual({ status: 200, body: 'up 1\n', challenge: null });
    },
  );

  it.each([undefined, '', 'good', 'Bearer', 'Bearer ', 'Basic good', 'Bearer bad'])(
    'the metrics server refuses a request without a valid token: %j',
    async (authorization) => {
      await start();
      const body = 'send a bearer token of this cluster\n';
      expect(await get(authorization)).toEqual({ status: 401, body, challenge: 'Bearer' });
    },
  );

  it('the metrics server refuses an account without the right', async () => {
    await start();
    expect(await get('Bearer poor')).toMatchObject({ status: 403, body: expect.not.stringContaining('up') });
    expect(await get('Bearer good', '/metrics', 'HEAD')).toMatchObject({ status: 403 });
  });

  it('the metrics server refuses every account while the API server does not answer, and logs so once', async () => {
    const { server, lines } = await start();
    server.failing = true;
    for (const token of ['good', 'good', 'poor']) {
      expect(await get(`Bearer ${token}`)).toMatchObject({ status: 500, body: expect.not.stringContaining('up') });
    }
    expect(lines).toEqual([{ err: 'no answer from https://x' }]);
    server.failing = false;
    expect(await get('Bearer good')).toMatchObject({ status: 200 });
  });

  it.each(['/', '/metrics/', '/metrics/x', '/healthz'])('the metrics server has no page at %s', async (path) => {
    const { server } = await start();
    expect(await get('Bearer good', path)).toMatchObject({ status: 404 });
    expect(server.asked).toEqual([]);
  });

  it('the metrics server does not answer plain HTTP on the same port', async () => {
    await start();
    await expect(fetch(`http://127.0.0.1:${listener?.address.port}/metrics`)).rejects.toThrow();
  });
});
