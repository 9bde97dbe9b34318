import type { DebugSession } from '../../../src/api/debugsession.ts';
import { requestHashOf } from '../../../src/api/request-hash.ts';
import type { ApiServer } from './api-server.ts';
import { type ApprovalPromises, REQUESTER } from './approval-promises.ts';
import type { Random } from './random.ts';

const PEOPLE = ['ada', 'bob', 'cleo'] as const;

/** Those who approve, deny, and take it back, with the right to or without; the requester tries as well. */
export class Approvers {
  readonly #server: ApiServer;
  readonly #random: Random;
  readonly #promises: ApprovalPromises;

  constructor(server: ApiServer, { random, promises }: { random: Random; promises: ApprovalPromises }) {
    this.#server = server;
    this.#random = random;
    this.#promises = promises;
  }

  /** Everybody has the right at first. */
  begin(): void {
    for (const person of [...PEOPLE, REQUESTER]) this.#promises.right(person, true);
  }

  /** One thing that one of them does; its words, for the trace. */
  act(now: string): string {
    const session = this.#random.pick([...this.#server.sessions.values()]);
    const person = this.#random.one(...PEOPLE, REQUESTER);
    if (session === undefined) return '';
    const act = this.#random.weighted<() => string>([
      [12, () => this.#decide('Approve', { session, person, now })],
      [1, () => this.#decide('Deny', { session, person, now })],
      [2, () => this.#withdraw()],
      [1, () => this.#right(person)],
    ]);
    return act();
  }

  #decide(
    decision: 'Approve' | 'Deny',
    { session, person, now }: { session: DebugSession; person: string; now: string },
  ): string {
    const { name, uid } = session.metadata;
    // Sometimes of the attempt before, or of another request.
    const attempt = Math.max(1, session.spec.attempt - (this.#random.chance(0.1) ? 1 : 0));
    const spec = this.#random.chance(0.1) ? { ...session.spec, image: 'busybox:3' } : session.spec;
    this.#server.createApproval(
      {
        sessionName: name,
        ...(this.#random.chance(0.7) && { sessionUID: uid }),
        attempt,
        requestHash: requestHashOf(spec),
        decision,
        approvedBy: { username: person },
      },
      now,
    );
    return `${person}: ${decision} ${name}, attempt ${attempt}`;
  }

  #withdraw(): string {
    const approval = this.#random.pick([...this.#server.approvals.values()]);
    if (approval !== undefined) this.#server.removeApproval(approval);
    return approval === undefined ? '' : `${approval.metadata.name} is withdrawn`;
  }

  #right(person: string): string {
    const isHeld = !this.#promises.mayApprove(person);
    this.#promises.right(person, isHeld);
    return `${person} ${isHeld ? 'may' : 'may not'} approve`;
  }
}
