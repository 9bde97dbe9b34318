import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Crossing, type Refused, type Way } from './crossing.ts';
import { hasLastRelease } from './last-release.ts';
import { install, type Version } from './version.ts';

export interface Move {
  from: Version;
  to: Version;
  way: Way;
}

const WAYS: readonly Way[] = ['after a crash', 'by the Lease', 'beside'];
const NAMES: Record<Version, string> = { old: 'the operator of the last release', new: 'this operator' };

/** The operator of the last release knows its own policy on requesters only, and that of this tree knows both. */
function knows(operator: Version, manifests: Version): boolean {
  return operator === 'new' || manifests === 'old';
}

/** Which attempts fail because the policy on requesters has changed since the last release (docs/install.md). */
function refusedOf({ from, to, way }: Move, before: Version, after: Version): Refused {
  const serving = way === 'beside' ? [from, to] : [to];
  const knowing = serving.filter((operator) => knows(operator, after)).length;
  const created = knowing === serving.length ? 'never' : knowing === 0 ? 'always' : 'perhaps';
  const older = before === after ? created : 'always';
  return { waited: older, raised: older, created };
}

/** Every way from one version to another. */
export function everyWay(from: Version, to: Version): Move[] {
  return WAYS.map((way) => ({ from, to, way }));
}

/**
 * Defines a test for each move; all are played at once, each in a namespace of its own.
 * @param before whose custom resources, roles and policies are there at first
 * @param after whose are there from the moment at which the second operator starts
 */
export function playMoves(moves: readonly Move[], before: Version, after: Version): void {
  const begun: (Crossing | Error)[] = [];
  const isThere = hasLastRelease();

  beforeAll(async () => {
    if (!isThere) return;
    await install(before);
    begun.push(...(await Promise.all(moves.map(({ from, way }) => orError(Crossing.begin(from, way))))));
    if (after !== before) await install(after);
  });

  afterAll(async () => {
    if (!isThere) return;
    await Promise.all(begun.filter((one) => one instanceof Crossing).map((one) => one.close()));
    await install('new');
  });

  const ended = new Map<number, Promise<string[]>>();
  const endAll = (): void =>
    begun.forEach((one, index) => {
      const what = one instanceof Error ? Promise.reject(one) : play(one, moves[index] as Move);
      what.catch(() => undefined);
      ended.set(index, what);
    });

  const play = async (one: Crossing, move: Move): Promise<string[]> => {
    await one.cross(move.to);
    return one.end(refusedOf(move, before, after));
  };
  const define = isThere ? it : it.skip;
  moves.forEach(({ from, to, way }, index) => {
    define(`${NAMES[to]} goes on with every session of ${NAMES[from]}: ${way}`, async () => {
      if (ended.size === 0) endAll();
      expect(await ended.get(index)).toEqual([]);
    });
  });
}

function orError<T>(made: Promise<T>): Promise<T | Error> {
  return made.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
}
