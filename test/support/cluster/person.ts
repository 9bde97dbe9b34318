import type { Outcome } from '../../cluster/run-program.ts';
import { API_VERSION, type DebugSessionSpec, KIND } from '../../../src/api/debugsession.ts';
import { busyboxImage } from '../../cluster/image-names.ts';
import { actAs } from './act-as.ts';
import type { Stage } from './stage.ts';

/**
 * A person of a test: kubectl as a user with some groups, who is impersonated by the administrator. A failure is an
 * outcome, never an exception.
 */
export class Person {
  readonly name: string;
  readonly #stage: Stage;
  readonly #as: readonly string[];

  constructor(stage: Stage, name: string, groups: readonly string[] = []) {
    this.#stage = stage;
    this.name = name;
    this.#as = actAs(name, { groups });
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
    return this.#stage.kubectl([...this.#as, ...args], input);
  }

  apply(manifest: object, ...args: string[]): Promise<Outcome> {
    return this.kubectl(['apply', ...args, '-f', '-'], JSON.stringify(manifest));
  }

  create(manifest: object): Promise<Outcome> {
    return this.kubectl(['create', '-f', '-'], JSON.stringify(manifest));
  }

  /** Asks for a session of pod `web` that runs its command, unless `spec` says otherwise. */
  asks(name: string, spec: Partial<DebugSessionSpec>): Promise<Outcome> {
    const defaults = { target: { podName: 'web' }, image: busyboxImage, imagePullPolicy: 'IfNotPresent' };
    return this.create({ apiVersion: API_VERSION, kind: KIND, metadata: { name }, spec: { ...defaults, ...spec } });
  }

  /** @param patch of the whole object, merged */
  patch(session: string, patch: object): Promise<Outcome> {
    return this.kubectl(['patch', 'dbg', session, '--type=merge', `--patch=${JSON.stringify(patch)}`]);
  }
}
