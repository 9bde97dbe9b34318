import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { DebugSession } from '../../src/api/debugsession.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { check } from '../invariants/check.ts';
import { ofNamespace, withoutSessions } from '../invariants/facts.ts';
import { readFacts } from '../invariants/read-log.ts';
import { describeBroken } from '../invariants/report.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { Policies } from '../support/builders/policies.ts';
import { OperatorProcess, type LogLine } from '../support/cluster/operator-process.ts';
import { Stage } from '../support/cluster/stage.ts';
import { repositoryPath } from '../support/documents/crd.ts';
import { type End, isLetGo, type Phase, PHASES } from './phases.ts';
import { programOf, type Version } from './version.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';

/**
 * How one operator follows another: it starts after the first one was killed, or it waits for the Lease that the first
 * one gives back when it is stopped, or both serve all sessions at once.
 */
export type Way = 'after a crash' | 'by the Lease' | 'beside';

/**
 * Whether attempts fail with `AdmissionPolicyMissing`, by how they were asked for. Perhaps: of two operators at once
 * one refuses them, and either may be the first.
 */
export type Refused = Record<NonNullable<Phase['starts']>, 'always' | 'perhaps' | 'never'>;

/** How long an injection may be under way after its intent (docs/adr/0070). */
const UNDER_WAY_MS = 35_000;

/** A namespace with a session in every phase, which one operator leaves to another. */
export class Crossing {
  readonly #stage: Stage;
  readonly #policies: Policies;
  readonly #way: Way;
  readonly #since = new Date().toISOString();
  #account = '';
  #over: DebugSession | undefined;

  private constructor(stage: Stage, way: Way) {
    this.#stage = stage;
    this.#policies = new Policies(stage);
    this.#way = way;
  }

  /** With the first operator. Resolves once every session is in its phase. */
  static async begin(first: Version, way: Way): Promise<Crossing> {
    const stage = await Stage.open(`from-${first}-${way.toLowerCase().replaceAll(' ', '-')}`, { operator: false });
    const crossing = new Crossing(stage, way);
    await Promise.all(['web', 'stale', 'immune'].map((name) => stage.runningPod(name, appPod())));
    crossing.#account = await stage.cluster.createServiceAccountKubeconfig(
      'debugsession-system',
      'debugsession-controller-manager',
    );
    await letLead(stage);
    await crossing.#start(first);
    await Promise.all(PHASES.map(({ begin }) => begin(stage, crossing.#policies)));
    crossing.#over = await stage.session('over');
    return crossing;
  }

  /** The other operator takes over. */
  async cross(second: Version): Promise<void> {
    const [first] = this.#stage.operators as [OperatorProcess];
    if (this.#way === 'after a crash') await first.kill();
    const next = await this.#start(second);
    if (this.#way !== 'by the Lease') return;
    await first.stop();
    await next.until(leads);
  }

  /** People go on. @returns what is not as it has to be in the end, each in a sentence */
  async end(refused: Refused): Promise<string[]> {
    const stage = this.#stage;
    const ended = PHASES.map(async ({ name, goOn, end, starts }) => {
      await goOn(stage);
      if (end === undefined) await stage.untilSessionGone(name);
      else
        await stage.untilSession(
          name,
          (s) => (starts && this.#isGivenUp(s)) || isAtEnd(s, expected(end, starts && refused[starts])),
        );
    });
    const reached = (await Promise.allSettled(ended)).flatMap((one) =>
      one.status === 'rejected' ? [String(one.reason)] : [],
    );
    const logs = stage.operators.flatMap(troubles);
    for (const operator of stage.operators) await operator.stop();
    return [...reached, ...logs, ...(await this.#lookRound())];
  }

  async close(): Promise<void> {
    await Promise.all(this.#stage.operators.map((operator) => operator.kill()));
    await this.#stage.close();
    await this.#policies.close();
  }

  async #start(version: Version): Promise<OperatorProcess> {
    // Long: on a busy machine nobody loses it.
    const elects = [
      '--leader-elect',
      `--leader-election-namespace=${this.#stage.namespace}`,
      '--leader-election-lease-duration=120s',
      '--leader-election-renew-deadline=100s',
      '--leader-election-retry-period=2s',
    ];
    const args = [`--namespaces=${this.#stage.namespace}`, ...(this.#way === 'by the Lease' ? elects : [])];
    const operator = await OperatorProcess.start(this.#account, args, '', programOf(version));
    this.#stage.operators.push(operator);
    return operator;
  }

  /** The world, by what the API server, the kubelet and the audit log say. */
  async #lookRound(): Promise<string[]> {
    const stage = this.#stage;
    const [web, later, over] = await Promise.all([stage.pod('web'), stage.pod('later'), stage.session('over')]);
    const sessions = await Promise.all(PHASES.filter(({ end }) => end).map(({ name }) => stage.session(name)));
    const isSame = JSON.stringify(over) === JSON.stringify(this.#over);
    return [
      ...(isSame ? [] : ['session over was written again after its end']),
      ...containersOf(web, sessions),
      ...containersOf(later, sessions),
      ...(this.#way === 'beside' ? [] : (await Promise.all(sessions.map((one) => this.#told(one)))).flat()),
      ...(await this.#promises(sessions)),
    ];
  }

  /**
   * Of two at once, the operator of the last release gives up a run of the other at once, if it would make another
   * container of it, and says that nothing was injected. On a busy machine it is in time for that. This operator waits
   * until no injection can be under way (docs/adr/0070).
   */
  #isGivenUp(session: DebugSession): boolean {
    const { reason, runs } = session.status ?? {};
    const { intendedAt = '', finishedAt = '' } = runs?.at(-1) ?? {};
    const atOnce = Date.parse(finishedAt) - Date.parse(intendedAt) < UNDER_WAY_MS;
    return this.#way === 'beside' && reason === 'SpecChanged' && atOnce && isLetGo(session);
  }

  /** No event twice for one attempt; and the end told, unless a crash took the words with it. */
  async #told({ metadata, status }: DebugSession): Promise<string[]> {
    const { name } = metadata;
    const reasons = (await this.#stage.events('DebugSession', name)).map(({ reason }) => reason);
    const runs = status?.runs?.length ?? 0;
    const doubled = [...new Set(reasons)].filter((reason) => reasons.filter((one) => one === reason).length > runs);
    const started = (status?.runs ?? []).filter(({ startedAt }) => startedAt !== undefined).length;
    const ends = reasons.filter((reason) => reason === 'Ended').length;
    return [
      ...doubled.map((reason) => `session ${name}: event ${reason} was told more than once for an attempt`),
      ...(ends === started || this.#way === 'after a crash'
        ? []
        : [`session ${name}: ${ends} events Ended for ${started} runs that started`]),
    ];
  }

  async #promises(sessions: readonly DebugSession[]): Promise<string[]> {
    const file = this.#stage.cluster.node?.auditLog;
    if (file === undefined) return [];
    const given = sessions.filter((session) => this.#isGivenUp(session)).map(({ metadata }) => metadata.uid);
    const here = ofNamespace(await readFacts(file, this.#since), this.#stage.namespace);
    const broken = check(withoutSessions(here, new Set(given)));
    return broken.length === 0 ? [] : [describeBroken(broken)];
  }
}

function expected({ phases, runs }: End, refused: Refused['created'] = 'never'): End {
  if (refused === 'never') return { phases, runs };
  return refused === 'always'
    ? { phases: ['Failed'], reason: 'AdmissionPolicyMissing', runs }
    : { phases: [...phases, 'Failed'], runs };
}

function isAtEnd(session: DebugSession, { phases, runs, reason }: End): boolean {
  const { status } = session;
  if (reason !== undefined && status?.reason !== reason) return false;
  return phases.includes(status?.phase ?? '') && status?.runs?.length === runs && isLetGo(session);
}

/** Each run has its one container, which has ended, and there is no other one. */
function containersOf(pod: RawPod, sessions: readonly DebugSession[]): string[] {
  const runs = sessions.flatMap(({ status }) => status?.runs ?? []).filter(({ podUID }) => podUID === pod.metadata.uid);
  // A refused attempt has no container.
  const recorded = runs.flatMap(({ debugContainerName }) => debugContainerName ?? []).sort();
  const found = ephemeralNames(pod).sort();
  const alive = (pod.status?.ephemeralContainerStatuses ?? []).filter(({ state }) => state?.terminated === undefined);
  return [
    ...(recorded.join() === found.join()
      ? []
      : [`pod ${pod.metadata.name} has ${found.join(', ')}, and recorded are ${recorded.join(', ')}`]),
    ...alive.map(({ name }) => `pod ${pod.metadata.name}: container ${name} has not ended`),
  ];
}

function troubles({ lines, garbage }: OperatorProcess): string[] {
  const errors = lines.filter(({ level }) => level === 'error').map((line) => JSON.stringify(line));
  return [...errors, ...garbage].map((line) => `an operator said: ${line}`);
}

function leads({ msg }: LogLine): boolean {
  return msg === 'became the leader';
}

/** The Role of the installation, in the namespace of the stage. */
async function letLead({ client, namespace }: Stage): Promise<void> {
  const text = readFileSync(repositoryPath('config/rbac/leader-election-role.yaml'), 'utf8');
  const { metadata, rules } = parse(text) as { metadata: { name: string }; rules: unknown };
  const { name } = metadata;
  await client.create(`${RBAC}/namespaces/${namespace}/roles`, { metadata: { name }, rules });
  await client.create(`${RBAC}/namespaces/${namespace}/rolebindings`, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', namespace: 'debugsession-system', name: 'debugsession-controller-manager' }],
  });
}
