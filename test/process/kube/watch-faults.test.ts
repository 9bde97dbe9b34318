import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { InformerScene, until } from '../../support/world/informer-scene.ts';
import { PlayedApiServer, refuse, type Fault } from '../../support/fakes/played-api-server.ts';
import { patient } from '../../support/patience.ts';

/**
 * What people reported of watches and informers of kubernetes-client/javascript (the numbers are its issues), replayed
 * against ours: from the socket to the store, on a real HTTP server. Each ends with the store being what the server is,
 * without a storm of requests, and with nothing left after the stop.
 */

let server: PlayedApiServer;
let scenes: InformerScene[];

/** An informer that follows the server; it has seen `web` and `db`. */
async function follow(options: { pageSize?: number; idleMs?: number } = {}): Promise<InformerScene> {
  const scene = new InformerScene(server, options);
  scenes.push(scene);
  await scene.converged();
  return scene;
}

beforeEach(async () => {
  scenes = [];
  server = await PlayedApiServer.start();
  server.put('web');
  server.put('db');
});

afterEach(async () => {
  await Promise.all(scenes.map((scene) => scene.stop()));
  await until(
    () => server.sockets === 0,
    () => `${server.sockets} connections are still open`,
  );
  await server.close();
});

/** Takes a watch for dead after 200 ms. */
const impatient = { idleMs: 4_000 };
const code =
  (status: number, headers: Record<string, string> = {}): Fault =>
  ({ response }) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    refuse(response, status, `HTTP ${status}`);
  };
const reset: Fault = ({ request }) => request.socket.resetAndDestroy();
const hang: Fault = () => undefined;
const silent: Fault = ({ response }) => response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
const hangUp: Fault = ({ response }) => response.writeHead(200).end();
const html: Fault = ({ response }) =>
  response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>\nSign in\n</body></html>');
const times = (count: number, fault: Fault): Fault[] => Array.from({ length: count }, () => fault);

describe('a connection that breaks', () => {
  it('the informer goes on after ECONNRESET in the middle of a watch (#1496)', async () => {
    const scene = await follow();
    for (let nth = 0; nth < 5; nth++) {
      server.eachWatch((response) => response.socket?.resetAndDestroy());
      server.put('web');
      server.put(`new-${nth}`);
      await scene.converged();
    }
    expect(server.count('list')).toBe(1);
    expect(server.count('watch')).toBe(6);
  });

  it('the informer recovers when the server resets each new connection several times (#589)', async () => {
    const scene = await follow();
    server.next('watch', ...times(4, reset));
    server.eachWatch((response) => response.socket?.resetAndDestroy());
    server.put('web');
    await scene.converged();
    expect(server.count('watch')).toBe(6);
  });

  it('the informer and its process survive a list that fails after a watch has ended (#447)', async () => {
    const scene = await follow();
    server.compact();
    server.next('list', code(503), reset, html, code(500));
    server.eachWatch((response) => response.end());
    server.remove('db');
    server.put('web');
    await scene.converged();
    expect(server.count('list')).toBe(6);
  });

  it('the informer finds an API server again that went away for a while (#680)', async () => {
    const scene = await follow();
    await server.down();
    server.put('web');
    server.remove('db');
    await sleep(150);
    await server.up();
    await scene.converged();
  });

  it('the informer has one watch and sends no storm of requests after the connection is back (#1933)', async () => {
    const scene = await follow();
    void scene.runAgain();
    await server.down();
    await sleep(150);
    const before = server.asked.length;
    await server.up();
    await scene.converged();
    await sleep(200);
    expect(server.asked.length - before).toBe(1);
    expect(server.watches).toBe(1);
  });

  it('connections do not pile up, however often the informer opens a watch anew (#494)', async () => {
    const scene = await follow();
    for (let nth = 0; nth < 20; nth++) {
      const how = nth % 2;
      server.eachWatch((response) => (how ? response.end() : response.socket?.resetAndDestroy()));
      server.put('web');
      await scene.converged();
    }
    // That of the watch, and those kept alive for requests and for the next watch.
    expect(server.sockets).toBeLessThanOrEqual(3);
  });
});

describe('a connection that is silent', () => {
  it('the informer opens a watch anew when the other end has gone silently (#596, #2432)', async () => {
    const scene = await follow(impatient);
    server.freeze();
    server.put('web');
    server.put('new');
    await scene.converged();
    expect(server.count('list')).toBe(1);
    expect(server.count('watch')).toBe(2);
  });

  it('the informer opens a watch anew when the watch never brought anything (#958)', async () => {
    server.next('watch', silent, silent);
    const scene = new InformerScene(server, impatient);
    scenes.push(scene);
    await scene.converged();
    expect(server.count('watch')).toBe(3);
  });

  it('the informer gives up a list or a watch that is never answered, and tries again (#2432)', async () => {
    server.next('list', hang);
    server.next('watch', hang);
    const scene = await follow();
    expect(scene.changes).toEqual(['ADDED web 101', 'ADDED db 102']);
    expect(server.asked).toHaveLength(4);
  });

  it('the informer keeps a live watch for longer than any call may take (#3020)', async () => {
    const scene = await follow({ idleMs: 10_000 });
    for (let nth = 0; nth < 20; nth++) {
      await sleep(40);
      if (nth % 2) server.bookmark();
      else if (nth < 10) server.put('web');
    }
    await scene.converged();
    expect(server.count('watch')).toBe(1);
  });
});

describe('faulty answers', () => {
  it('the informer lists again at once after 410, as a status or in the stream (#392)', async () => {
    const scene = await follow();
    server.compact();
    server.eachWatch((response) => response.end());
    server.remove('db');
    await scene.converged();
    expect(server.count('list')).toBe(2);
    const expired = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } };
    server.eachWatch((response) => response.end(`${JSON.stringify(expired)}\n`));
    server.put('db');
    await scene.converged();
    expect(server.count('list')).toBe(3);
  });

  it('an expired continue token makes the informer read the whole list', async () => {
    server.put('cache');
    server.next('list', ({ honest }) => {
      honest();
      server.compact();
    });
    await follow({ pageSize: 2 });
    expect(server.asked.filter(({ kind }) => kind === 'list').map(({ query }) => [...query.keys()])).toEqual([
      ['limit'],
      ['limit', 'continue'],
      [],
    ]);
  });

  it.each([401, 403, 404, 429, 500, 502, 503, 504])(
    'the informer goes on after HTTP %d to a list or a watch',
    async (status) => {
      server.next('list', code(status));
      server.next('watch', code(status), code(status));
      const scene = await follow();
      server.put('web');
      await scene.converged();
      expect(server.asked.length).toBeLessThanOrEqual(7);
    },
  );

  it('the informer waits for as long as 429 says', async () => {
    server.next('list', code(429, { 'retry-after': '3' }));
    server.next('watch', code(429, { 'retry-after': '2' }));
    const scene = await follow();
    const waits = scene.clock.timersSet.filter((ms) => ms >= 2_000 && ms < 3_900);
    expect(waits).toHaveLength(2);
    expect(waits[0]).toBeGreaterThanOrEqual(3_000);
  });

  it('the informer goes on after a page of a proxy in the place of an answer', async () => {
    server.next('list', html);
    server.next('watch', html, html);
    const scene = await follow();
    server.put('web');
    await scene.converged();
    expect(server.asked.every(({ headers }) => headers['accept-encoding'] === undefined)).toBe(true);
  });

  it('the informer asks a server less and less often that closes each connection at once', async () => {
    server.next('watch', ...times(1_000, hangUp));
    const scene = new InformerScene(server);
    scenes.push(scene);
    await sleep(500);
    // Ten seconds of the informer: 0.1 + 0.2 + ... s, half of it by chance. Without a pause it would be hundreds.
    expect(server.count('watch')).toBeLessThan(25);
    expect(server.count('list')).toBe(1);
  });
});

describe('events', () => {
  it('the informer ignores half a line, and does not lose its object', async () => {
    const scene = await follow();
    const half = '{"type":"MODIFIED","object":{"metadata":{"name":"web","namespace":"shop","resourceVersion":"999"';
    for (const end of ['end', 'destroy'] as const) {
      server.eachWatch((response) => response.write(half, () => response[end]()));
      await until(
        () => server.watches === 0,
        () => 'the watch is still open',
      );
      server.put('web');
      await scene.converged();
    }
    expect(scene.state['web']).toBe(server.state['web']);
  });

  it('events arrive whole however the network cuts them, also in the middle of a character', async () => {
    server.next('watch', ({ response, honest }) => {
      response.socket?.setNoDelay(true);
      const write = response.write.bind(response);
      response.write = (line: string): boolean => {
        const bytes = Buffer.from(line);
        for (let at = 0; at < bytes.length; at += 7) write(bytes.subarray(at, at + 7));
        return true;
      };
      honest();
    });
    const scene = await follow();
    for (const name of ['größe', '日本', 'web']) server.put(name);
    await scene.converged();
    expect(server.count('watch')).toBe(1);
  });

  it('the informer takes all events that come in one piece', async () => {
    server.next('watch', ({ response, honest }) => {
      honest();
      response.cork();
    });
    const scene = await follow();
    for (let nth = 0; nth < 50; nth++) server.put(`new-${nth}`);
    server.remove('new-7');
    server.eachWatch((response) => response.uncork());
    await scene.converged();
    expect(server.count('watch')).toBe(1);
  });

  it('the informer reports no change twice after a reconnect or a new list (#570, #1598)', async () => {
    const scene = await follow();
    server.remove('db');
    await scene.converged();
    for (const compact of [false, true, true]) {
      if (compact) server.compact();
      server.eachWatch((response) => response.end());
      server.put('web');
      await scene.converged();
    }
    expect(new Set(scene.changes).size).toBe(scene.changes.length);
    expect(scene.changes.filter((change) => change.startsWith('DELETED'))).toHaveLength(1);
    expect(scene.changes.filter((change) => change.startsWith('ADDED'))).toHaveLength(2);
  });

  it('an object that was deleted while no watch was open is gone from the store (#572)', async () => {
    const scene = await follow();
    await server.down();
    server.remove('web');
    server.compact();
    await server.up();
    await scene.converged();
    expect(scene.state).toEqual(server.state);
    expect(scene.changes.at(-1)).toMatch(/^DELETED web/);
  });
});

describe('a stop', () => {
  it('an informer that stops while it waits stays stopped, and a new informer has the only watch (#3052)', async () => {
    const first = new InformerScene(server);
    await first.converged();
    server.next('watch', code(503, { 'retry-after': '4' }));
    server.eachWatch((response) => response.end());
    await until(
      () => server.count('watch') === 2,
      () => 'no second watch',
    );
    await first.stop();
    const second = await follow();
    await sleep(300);
    server.put('web');
    await second.converged();
    expect(server.watches).toBe(1);
    expect(server.count('watch')).toBe(3);
  });

  const comes = (kind: 'list' | 'watch', nth = 1) => ({
    at: (): boolean => server.count(kind) === nth,
  });
  const moments: Record<string, { spoil: () => void; at: (scene: InformerScene) => boolean }> = {
    'while it lists': { spoil: () => server.next('list', hang), ...comes('list') },
    'between two pages': { spoil: () => server.next('list', ({ honest }) => honest(), hang), ...comes('list', 2) },
    'before the watch is answered': { spoil: () => server.next('watch', hang), ...comes('watch') },
    'while the watch is silent': { spoil: () => server.next('watch', silent), ...comes('watch') },
    'while it waits to try again': {
      spoil: () => server.next('list', code(503, { 'retry-after': '100' })),
      at: ({ clock }) => server.count('list') === 1 && clock.timers > 0,
    },
    'between two watches': {
      spoil: () => server.next('watch', ...times(50, hangUp)),
      at: ({ clock }) => server.count('watch') > 2 && clock.timers > 0,
    },
    'while it watches': { spoil: () => undefined, at: () => server.watches === 1 },
  };
  it.each(Object.entries(moments))('a stop ends everything at once %s (#2860)', async (when, { spoil, at }) => {
    spoil();
    const scene = new InformerScene(server, { pageSize: 1 });
    scenes.push(scene);
    await until(
      () => at(scene),
      () => `there is no moment ${when}`,
    );
    const started = performance.now();
    await scene.stop();
    scenes = [];
    expect(performance.now() - started).toBeLessThan(patient(1_000));
  });
});
