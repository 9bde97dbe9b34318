import type { DebugSession, DebugSessionSpec } from '../../../src/api/debugsession.ts';
import type { ApiServer } from './api-server.ts';
import { REQUESTER } from './approval-promises.ts';
import type { Random } from './random.ts';

/** People, with what the CRD's rules let them do. */
export class People {
  readonly #server: ApiServer;
  readonly #random: Random;

  constructor(server: ApiServer, random: Random) {
    this.#server = server;
    this.#random = random;
  }

  /** One thing that somebody does; its words, for the trace. */
  act(now: string): string {
    const { sessions } = this.#server;
    const session = this.#random.pick([...sessions.values()]);
    if (session === undefined || (sessions.size < 3 && this.#random.chance(0.25))) {
      const name = this.#random.one('one', 'two', 'three');
      if (!sessions.has(name)) this.#server.createSession(name, this.#aSpec(), now);
      return `apply ${name}`;
    }
    const act = this.#random.weighted<(session: DebugSession, now: string) => string>([
      [5, () => this.#raise(session)],
      [1, () => this.#edit(session, { attempt: Math.max(1, session.spec.attempt - 1) })],
      [4, () => this.#edit(session, { ttl: this.#random.one('5s', '20s', '2m') })],
      [1, () => this.#edit(session, { ttlAfterFinished: this.#random.one('0s', '30s', '24h') })],
      [2, () => this.#edit(session, { cancel: this.#random.chance(0.7) })],
      [1, () => this.#edit(session, { ifUnstoppable: this.#random.one('Report', 'EvictPod') })],
      [1, () => this.#edit(session, { podAfterSession: this.#random.one('Keep', 'Keep', 'Evict') })],
      [1, () => this.#replace(session)],
      [1, () => this.#delete(session, now)],
    ]);
    return act(session, now);
  }

  #edit(session: DebugSession, spec: Partial<DebugSessionSpec>): string {
    this.#server.editSession(session, spec);
    return `edit ${session.metadata.name}: ${JSON.stringify(spec)}`;
  }

  #replace(session: DebugSession): string {
    this.#server.replaceSession(session);
    return `replace ${session.metadata.name}`;
  }

  #delete(session: DebugSession, now: string): string {
    this.#server.deleteSession(session, now);
    return `delete ${session.metadata.name}`;
  }

  #raise(session: DebugSession): string {
    const attempt = session.spec.attempt + 1;
    if (attempt > 20) return '';
    return this.#edit(session, { attempt, image: this.#random.one('busybox:1', 'busybox:2'), cancel: false });
  }

  #aSpec(): DebugSessionSpec {
    const random = this.#random;
    const podName = random.one('web-0', 'web-0', 'web-1');
    const workloadRef = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web' } as const;
    const containerName = random.chance(0.2) ? { containerName: 'app' } : {};
    return {
      target: random.chance(0.85) ? { podName, ...containerName } : { workloadRef },
      image: 'busybox:1',
      attempt: 1,
      requestedBy: { username: REQUESTER },
      ttl: random.one('5s', '20s', '2m'),
      startTimeout: random.one('20s', '2m'),
      pendingTimeout: random.one('10s', '30s'),
      ...(random.chance(0.25) && { supervisor: 'None' as const }),
      ...(random.chance(0.5) && { command: ['sleep', '1d'] }),
      ...(random.chance(0.3) && { ttlAfterFinished: random.one('0s', '10s', '1m') }),
      ...(random.chance(0.05) && { cancel: true }),
      ...(random.chance(0.25) && { ifUnstoppable: 'EvictPod' as const }),
      ...(random.chance(0.15) && { podAfterSession: 'Evict' as const }),
    };
  }
}
