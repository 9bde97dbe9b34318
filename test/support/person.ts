import type { Outcome } from '../cluster/run-program.ts';
import type { Stage } from './stage.ts';

/** A person of a test: kubectl as a user with some groups, who is impersonated by the administrator. A failure is an outcome, never an exception. */
export class Person {
  readonly name: string;
  readonly #stage: Stage;
  readonly #groups: readonly string[];

  constructor(stage: Stage, name: string, groups: readonly string[] = []) {
    this.#stage = stage;
    this.name = name;
    this.#groups = groups;
  }

  /** Someone who may ask for sessions in the namespace of the stage, by the role that is shipped for that. */
  static async whoMayAsk(stage: Stage, name: string, groups: readonly string[] = []): Promise<Person> {
    const person = new Person(stage, name, groups);
    await person.bind('clusterrole', 'debugsession-user');
    return person;
  }

  /** Binds a role in the namespace of the stage. */
  async bind(kind: 'role' | 'clusterrole', role: string): Promise<void> {
    const name = `${this.name}-${role}`.replaceAll(/[^a-z0-9-]/g, '-');
    const made = await this.#stage.kubectl(['create', 'rolebinding', name, `--${kind}=${role}`, `--user=${this.name}`]);
    if (made.code !== 0) throw new Error(made.stderr);
  }

  kubectl(args: readonly string[], input?: string): Promise<Outcome> {
    const groups = this.#groups.map((group) => `--as-group=${group}`);
    return this.#stage.kubectl([`--as=${this.name}`, ...groups, ...args], input);
  }

  apply(manifest: object, ...args: string[]): Promise<Outcome> {
    return this.kubectl(['apply', ...args, '-f', '-'], JSON.stringify(manifest));
  }

  create(manifest: object): Promise<Outcome> {
    return this.kubectl(['create', '-f', '-'], JSON.stringify(manifest));
  }

  /** @param patch of the whole object, merged */
  patch(session: string, patch: object): Promise<Outcome> {
    return this.kubectl(['patch', 'dbg', session, '--type=merge', `--patch=${JSON.stringify(patch)}`]);
  }
}
