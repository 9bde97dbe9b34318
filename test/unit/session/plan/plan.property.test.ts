import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MAX_DURATION_MS } from '../../../../src/api/duration.ts';
import { canonicalJson } from '../../../../src/api/canonical-json.ts';
import type { Run } from '../../../../src/api/debugsession.ts';
import { fateOf } from '../../../../src/session/run/fate.ts';
import { wantsStart } from '../../../../src/session/run/lifecycle.ts';
import type { Effect, Plan } from '../../../../src/session/plan/effect.ts';
import { aMove, aSpec, type Move } from '../../../support/world/moves.ts';
import { World } from '../../../support/world/world.ts';

// Any life of a session, held against test/support/world/status-rules.ts with every write, and against what follows
// here with every step.

/**
 * The longest time anything is waited for: the last moment of a run with the longest timeouts (startTimeout, margin,
 * ttl).
 */
const LONGEST_PAUSE_MS = 2 * MAX_DURATION_MS + 120_000;
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const BREAKS_A_LINE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** Keeps what really became of every container that was injected, and says what a plan gets wrong. */
class Truth {
  /** Containers by name, with the pods (uid) in which they were put. */
  readonly injected = new Map<string, Set<string>>();
  /** What the kubelet has reported ended, or unable to start, for certain. */
  readonly ended = new Set<string>();

  learn({ pod, session }: World): void {
    for (const { name, sessionUID } of pod?.spec.ephemeralContainers ?? []) {
      if (sessionUID !== session.metadata.uid || pod === undefined) continue;
      this.injected.set(name, (this.injected.get(name) ?? new Set()).add(pod.metadata.uid));
    }
    for (const { name, state, lastState } of pod?.status.ephemeralContainerStatuses ?? []) {
      const end = state?.terminated ?? lastState?.terminated;
      if (end !== undefined && end.reason !== 'ContainerStatusUnknown') this.ended.add(name);
      // It can never start: an image of an ephemeral container is not changed.
      if (state?.waiting?.reason === 'InvalidImageName') this.ended.add(name);
    }
  }

  faults(world: World): string[] {
    const { session } = world;
    const runs = session.status?.runs ?? [];
    const faults: string[] = [];
    for (const [name, uids] of this.injected) {
      const run = runs.find((candidate) => candidate.debugContainerName === name);
      if (run === undefined) faults.push(`${name} stands in a pod and in no run`);
      if (uids.size > 1 || (run?.podUID !== undefined && !uids.has(run.podUID)))
        faults.push(`${name} is in another pod`);
    }
    if (runs.filter((run) => run.state === 'Starting' || run.state === 'Running').length > 1)
      faults.push('two live runs');
    // Of any run, but for one whose pod is gone: nobody hears of that any more.
    const open = this.mayLive().filter((name) => this.#isIn(world, name));
    if (world.condition('StopConfirmed')?.startsWith('True') && open.length > 0)
      faults.push(`StopConfirmed, and ${open.join()} may run`);
    return faults;
  }

  /** It is of the newest run, or stands in a pod that is there and has not finished. */
  #isIn({ session, pod }: World, name: string): boolean {
    const run = session.status?.runs?.find((candidate) => candidate.debugContainerName === name);
    const stands = run?.podUID === pod?.metadata.uid && pod?.status.phase === 'Running';
    return stands || session.status?.runs?.at(-1) === run;
  }

  /** Containers that were not seen to end. That their last moment has passed is no proof. */
  mayLive(): string[] {
    return [...this.injected.keys()].filter((name) => !this.ended.has(name));
  }

  /** Of those, the ones that stand in a pod, or have a supervisor that is not past its last moment. */
  mayBeHeardOf({ session, now, pod }: World): string[] {
    return this.mayLive().filter((name) => {
      const run = session.status?.runs?.find((candidate) => candidate.debugContainerName === name);
      const isPast = run?.lastMoment !== undefined && now >= Date.parse(run.lastMoment);
      return run?.podUID === pod?.metadata.uid ? pod?.status.phase === 'Running' : !isPast;
    });
  }
}

/** What is done to a container or its pod without a word in the status before. */
function unrecorded(effect: Extract<Effect, { kind: 'stop' | 'tellTtl' }>, { session }: World): string[] {
  // As the status has it, not as the effect does.
  const run = session.status?.runs?.find(({ attempt }) => attempt === effect.run.attempt);
  if (run === undefined) return [`${effect.kind} for a run that is not recorded`];
  if (effect.kind === 'tellTtl') return run.wantedTtl === effect.ttl ? [] : [`tells of ${effect.ttl} unrecorded`];
  const hasStarted = run.startedAt !== undefined && (run.state === 'Ended' || run.state === 'Failed');
  const retires = effect.route === 'Eviction' && session.spec.podAfterSession === 'Evict' && hasStarted;
  return retires || run.stop?.routes.includes(effect.route) === true ? [] : [`${effect.route} unrecorded`];
}

function faultsOf(plan: Plan, world: World, truth: Truth): string[] {
  const { requeueAfterMs: pause, effect, events } = plan;
  const faults: string[] = [];
  if (pause !== undefined && !(pause >= 0 && pause <= LONGEST_PAUSE_MS)) faults.push(`requeueAfterMs ${pause}`);
  for (const { note, reason } of events)
    if (BREAKS_A_LINE.test(note)) faults.push(`the note of ${reason} has two lines`);
  for (const { message = '' } of world.session.status?.runs ?? [])
    if (BREAKS_A_LINE.test(message)) faults.push('the message of a run has two lines');
  if (effect.kind === 'inject') {
    const intent = world.run;
    if (canonicalJson(effect.run) !== canonicalJson(intent)) faults.push('injects what is not recorded');
    if (world.pod?.metadata.uid !== intent.podUID) faults.push('injects into another pod');
    if (world.session.metadata.deletionTimestamp !== undefined) faults.push('injects for a deleted session');
    if (!(world.session.metadata.finalizers ?? []).length) faults.push('injects without the finalizer');
  }
  if (effect.kind === 'stop' || effect.kind === 'tellTtl') faults.push(...unrecorded(effect, world));
  if (effect.kind === 'delete') {
    if (world.session.spec.ttlAfterFinished === undefined) faults.push('deletes a record that is to be kept');
    if (wantsStart(world.session)) faults.push('deletes a session whose attempt waits');
    if (!/^True|^Unknown ForceDeleted/.test(world.condition('StopConfirmed') ?? ''))
      faults.push('deletes before the end is confirmed, or the pod is gone');
    faults.push(...truth.mayBeHeardOf(world).map((name) => `deletes the record of ${name}, which may run`));
  }
  return faults;
}

function live(world: World, moves: readonly Move[]): void {
  const truth = new Truth();
  world.onStep = (plan) => {
    const again = canonicalJson(world.look());
    if (again !== canonicalJson(plan)) throw new Error('the same situation gave two plans');
    const faults = faultsOf(plan, world, truth);
    if (faults.length > 0) throw new Error(faults.join('; '));
  };
  const check = (): void => {
    truth.learn(world);
    const faults = truth.faults(world);
    if (faults.length > 0) throw new Error(`${faults.join('; ')}\n${JSON.stringify(world.session.status, null, 1)}`);
  };
  for (const move of moves) {
    if (world.gone) return;
    move.run(world);
    check();
  }
  // Left alone, every session comes to its end: what still waits or runs has a last moment, and a container without a
  // supervisor is reported.
  for (let rounds = 0; rounds < 10 && !world.gone; rounds += 1) {
    if (world.actions.underWay !== undefined) world.tried({ kind: 'failed', message: 'HTTP 500' });
    world.failBeside();
    const pause = world.settle();
    check();
    if (pause === undefined) break;
    world.pass(pause + 1);
  }
  if (world.gone) return;
  // The kubelet of this life never ends a container that runs although its run is over, one that it has lost sight of
  // stays lost, and one without a supervisor may start for as long as its pod stands. An attempt behind such a
  // container waits, and says so.
  const isOpen = (run: Run): boolean =>
    ['startedLate', 'ranAgain', 'nodeLost', 'mayStart'].includes(fateOf(run, world.now));
  const held =
    world.condition('Injected') === 'False PreviousRunNotOver' && world.session.status?.runs?.some(isOpen) === true;
  expect(held ? ['Pending'] : ['Completed', 'Expired', 'Cancelled', 'Failed', 'Ending']).toContain(world.phase);
}

describe('the planner', () => {
  const seed = Number(process.env['PROPERTY_SEED'] ?? 20_261_121);
  const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 1_000);

  it(`any life of a session keeps every promise (seed ${seed})`, () => {
    fc.assert(
      fc.property(aSpec, fc.array(aMove, { maxLength: 60, size: 'max' }), (spec, moves) =>
        live(new World(spec), moves),
      ),
      { seed, numRuns, reporter: report },
    );
  });
});

/** The moves in words: objects of functions would print as nothing. */
function report(details: fc.RunDetails<[object, Move[]]>): void {
  if (!details.failed) return;
  const [spec, moves] = details.counterexample ?? [{}, []];
  const path = details.counterexamplePath ?? '';
  const life = moves.map((move) => `  ${move.words}`).join('\n');
  const why = details.errorInstance instanceof Error ? details.errorInstance.message : String(details.errorInstance);
  throw new Error(`PROPERTY_SEED=${details.seed} (path ${path}): ${why}\n${JSON.stringify(spec)}\n${life}`);
}
