import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../runtime/clock.ts';
import { Recent } from '../runtime/recent.ts';

/** What is asked of the API server; src/kube/access-reviews.ts is the real one. Both reject when there is no answer. */
export interface AccessReviews<User extends { username: string }> {
  /** Whose token it is; undefined when it is nobody's. */
  authenticate(token: string): Promise<User | undefined>;
  /** Whether that user may do this to a path that is no resource. */
  authorize(user: User, verb: string, path: string): Promise<boolean>;
}

export type Verdict =
  | { kind: 'allowed' }
  | { kind: 'unauthenticated' }
  | { kind: 'forbidden'; username: string }
  /** Too many strangers ask at once. */
  | { kind: 'busy' };

/**
 * As long as kube-scheduler and kube-controller-manager believe an answer (authentication-token-webhook-cache-ttl and
 * its siblings of apiserver's options).
 */
const BELIEVED_MS = 10_000;
const MOST_REMEMBERED = 1_000;
/** Each is up to two requests to the API server, on the connections that the work needs too. */
const MOST_UNDER_WAY = 8;
const MOST_WELCOME = 100;

/**
 * Who may do what, as the API server says (TokenReview, then SubjectAccessReview): apiserver's delegating authenticator
 * and authorizer in one. An answer is believed for 10 s; that there was none is not remembered. No token is kept: the
 * cache knows a keyed hash of it.
 */
export class DelegatedAccess<User extends { username: string }> {
  readonly #reviews: AccessReviews<User>;
  readonly #clock: Clock;
  readonly #hashKey = randomBytes(32);
  readonly #answers = new Recent<{ verdict: Verdict; until: number }>(MOST_REMEMBERED);
  readonly #underWay = new Map<string, Promise<Verdict>>();
  /** Who was allowed the last time: strangers, however many, must not keep the scraper out. */
  readonly #wereAllowed = new Recent<true>(MOST_WELCOME);

  constructor(reviews: AccessReviews<User>, clock: Clock) {
    this.#reviews = reviews;
    this.#clock = clock;
  }

  /** Rejects when the API server cannot say. @param verb in lower case, such as `get` */
  async decide(token: string, verb: string, path: string): Promise<Verdict> {
    const key = this.#hash(token, verb, path);
    const known = this.#answers.get(key);
    if (known !== undefined && this.#clock.monotonic() < known.until) return known.verdict;
    const asked = this.#underWay.get(key);
    if (asked !== undefined) return asked;
    if (this.#underWay.size >= MOST_UNDER_WAY && !this.#wereAllowed.get(key)) return { kind: 'busy' };
    const asking = this.#ask(token, verb, path).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, asking);
    const verdict = await asking;
    if (verdict.kind === 'allowed') this.#wereAllowed.set(key, true);
    else this.#wereAllowed.delete(key);
    this.#answers.set(key, { verdict, until: this.#clock.monotonic() + BELIEVED_MS });
    return verdict;
  }

  async #ask(token: string, verb: string, path: string): Promise<Verdict> {
    const user = await this.#reviews.authenticate(token);
    if (user === undefined) return { kind: 'unauthenticated' };
    const allowed = await this.#reviews.authorize(user, verb, path);
    return allowed ? { kind: 'allowed' } : { kind: 'forbidden', username: user.username };
  }

  #hash(...words: string[]): string {
    // As JSON, so that no two lists of words give the same text.
    return createHmac('sha256', this.#hashKey).update(JSON.stringify(words)).digest('base64');
  }
}
