import { spawn } from 'node:child_process';
import { longEnough } from '../patience.ts';
import { actAs } from './act-as.ts';
import type { Stage } from './stage.ts';

/** How a visit went: kubectl had something to show, or ended without; then its last words. */
export type Visit = { kind: 'in'; shown: string } | { kind: 'ended'; code: number | null; said: string };

/** WebSocket is kubectl's own choice; SPDY what it falls back to, and what older ones speak. */
export type Protocol = 'WebSocket' | 'SPDY';

/**
 * Somebody who wants into a container with a real kubectl: a user with some groups, impersonated by the administrator.
 * Rights are bound by whoever makes the stage.
 */
export class Visitor {
  readonly name: string;
  readonly #stage: Stage;
  readonly #as: readonly string[];

  constructor(stage: Stage, name: string, who: { groups?: readonly string[]; uid?: string } = {}) {
    this.#stage = stage;
    this.name = name;
    this.#as = actAs(name, who);
  }

  /** Runs kubectl until it shows something, which ends it, or ends by itself. @throws Error when it does neither */
  visit(args: readonly string[], protocol: Protocol = 'WebSocket'): Promise<Visit> {
    const visit = this.begin(args, protocol);
    return visit.first.finally(() => visit.leave());
  }

  /** Begins what goes on until its container ends. */
  begin(args: readonly string[], protocol: Protocol = 'WebSocket'): OpenVisit {
    const { kubectlPath, kubeconfig } = this.#stage.cluster;
    const where = kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`];
    const all = [...where, `--namespace=${this.#stage.namespace}`, ...this.#as, ...args];
    return new OpenVisit(kubectlPath, all, protocol);
  }
}

/** A kubectl that runs. */
export class OpenVisit {
  /** The first that can be said of it. */
  readonly first: Promise<Visit>;
  /** Its end, with everything it said. */
  readonly end: Promise<Extract<Visit, { kind: 'ended' }>>;
  readonly #child;

  constructor(program: string, args: readonly string[], protocol: Protocol) {
    const env = { ...process.env, KUBECTL_REMOTE_COMMAND_WEBSOCKETS: String(protocol === 'WebSocket') };
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    const timer = setTimeout(() => child.kill('SIGKILL'), longEnough());
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    this.end = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        clearTimeout(timer);
        resolve({ kind: 'ended', code, said });
      });
    });
    const shown = new Promise<Visit>((resolve) =>
      child.stdout.once('data', (chunk: Buffer) => resolve({ kind: 'in', shown: chunk.toString() })),
    );
    this.first = Promise.race([shown, this.end]);
  }

  leave(): void {
    this.#child.kill('SIGKILL');
  }
}
