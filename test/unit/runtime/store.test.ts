import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareResourceVersions } from '../../../src/runtime/resource-version.ts';
import { Store, keyOf } from '../../../src/runtime/store.ts';
import type { Stored } from '../../../src/runtime/store.ts';

const thing = (name: string, rv: number, more: { uid?: string } = {}): Stored => ({
  metadata: { name, namespace: 'ns', uid: more.uid ?? `uid-${name}`, resourceVersion: String(rv) },
});

const versions = (store: Store<Stored>): Record<string, string> =>
  Object.fromEntries(store.list().map((object) => [object.metadata.name, object.metadata.resourceVersion]));

describe('compareResourceVersions', () => {
  it('compareResourceVersions orders as integers, also beyond 2^53', () => {
    expect(compareResourceVersions('9', '10')).toBeLessThan(0);
    expect(compareResourceVersions('9007199254740993', '9007199254740992')).toBeGreaterThan(0);
    expect(compareResourceVersions('7', '7')).toBe(0);
  });
});

describe('Store', () => {
  it('the store keys objects by namespace and name', () => {
    expect(keyOf(thing('a', 1))).toBe('ns/a');
    expect(keyOf({ metadata: { name: 'node', uid: 'u', resourceVersion: '1' } })).toBe('node');
  });

  it('the store takes newer versions only', () => {
    const store = new Store<Stored>();
    expect(store.upsert(thing('a', 10))).toBe(true);
    expect(store.upsert(thing('a', 9))).toBe(false);
    expect(store.upsert(thing('a', 10))).toBe(false);
    expect(store.upsert(thing('a', 11))).toBe(true);
    expect(versions(store)).toEqual({ a: '11' });
  });

  it('the store keeps objects that are newer than a list which replaces it', () => {
    const store = new Store<Stored>();
    store.replace([thing('gone', 1), thing('stays', 2), thing('written', 3)], '5');
    store.upsert(thing('written', 12)); // the answer of our write
    store.upsert(thing('created', 13)); // the answer of our create
    store.replace([thing('stays', 2), thing('written', 3)], '10');
    expect(versions(store)).toEqual({ stays: '2', written: '12', created: '13' });
    expect(store.resourceVersion).toBe('10');
  });

  it('the store ignores a late write answer after it has seen the deletion', () => {
    const store = new Store<Stored>();
    store.replace([thing('a', 5)], '5');
    store.remove(thing('a', 8));
    store.advance('8');
    expect(store.upsert(thing('a', 7))).toBe(false);
    expect(store.size).toBe(0);
    expect(store.upsert(thing('a', 9, { uid: 'again' }))).toBe(true);
  });

  it('the store ignores watch events that are older than the answer of our own delete', () => {
    const store = new Store<Stored>();
    store.replace([thing('a', 5)], '5');
    store.forget(thing('a', 20));
    expect(store.upsert(thing('a', 12))).toBe(false);
    store.advance('12');
    expect(store.upsert(thing('a', 15))).toBe(false);
    store.replace([thing('a', 15)], '16'); // a list from before the deletion
    expect(store.size).toBe(0);
  });

  it('the store ignores a list from before the write that removed the last finalizer', () => {
    const store = new Store<Stored>();
    store.replace([thing('a', 5), thing('b', 6)], '6');
    expect(store.forget(thing('a', 5))).toBe(true);
    store.replace([thing('a', 5), thing('b', 6)], '7');
    expect(versions(store)).toEqual({ b: '6' });
    store.remove(thing('a', 8));
    store.advance('8');
    expect(store.upsert(thing('a', 9, { uid: 'again' }))).toBe(true);
  });

  it('the store forgets a deletion with a list without the object, or with the next object of its name', () => {
    const store = new Store<Stored>();
    const revive = () => store.upsert(thing('a', 9));
    store.replace([thing('a', 5)], '5');
    store.forget(thing('a', 5));
    store.replace([], '4');
    expect(revive()).toBe(false);
    store.replace([], '7');
    // The same uid again is no Kubernetes; it shows that nothing is remembered.
    expect(revive()).toBe(true);
    store.forget(thing('a', 9));
    store.upsert(thing('a', 12, { uid: 'next' }));
    expect(versions(store)).toEqual({ a: '12' });
    expect(store.forget(thing('a', 9))).toBe(false);
    store.remove(thing('a', 13, { uid: 'next' }));
    store.advance('13');
    expect([store.forget(thing('a', 13, { uid: 'next' })), store.size]).toEqual([false, 0]);
  });

  it('the store keeps a new object when the deletion of its predecessor comes late', () => {
    const store = new Store<Stored>();
    store.upsert(thing('a', 5));
    store.upsert(thing('a', 9, { uid: 'second' }));
    expect(store.remove(thing('a', 7))).toBe(false);
    expect(versions(store)).toEqual({ a: '9' });
  });

  it('the store ignores replayed events and a stale list', () => {
    const store = new Store<Stored>();
    store.replace([thing('a', 5), thing('b', 6)], '6');
    store.remove(thing('b', 9));
    store.advance('9');
    store.replace([thing('a', 5), thing('b', 6)], '7');
    expect(versions(store)).toEqual({ a: '5' });
    expect(store.resourceVersion).toBe('9');
  });

  it('the store believes a newer list about an old object that is new to it', () => {
    const store = new Store<Stored>();
    store.replace([], '10');
    store.replace([thing('wider-selector', 3)], '11');
    expect(versions(store)).toEqual({ 'wider-selector': '3' });
  });

  it('the store tells subscribers in order, and tells another uid as a deletion and an addition', () => {
    const store = new Store<Stored>();
    const seen: string[] = [];
    const stop = store.onChange((type, key, object, old) => {
      seen.push(`${type} ${key} ${object.metadata.resourceVersion} ${old?.metadata.resourceVersion ?? '-'}`);
    });
    store.upsert(thing('a', 1));
    store.upsert(thing('a', 2));
    store.upsert(thing('a', 3, { uid: 'other' }));
    store.remove(thing('a', 4, { uid: 'other' }));
    stop();
    store.upsert(thing('b', 5));
    expect(seen).toEqual([
      'ADDED ns/a 1 -',
      'MODIFIED ns/a 2 1',
      'DELETED ns/a 2 2',
      'ADDED ns/a 3 -',
      'DELETED ns/a 4 3',
    ]);
  });

  it('the store survives a subscriber that throws', () => {
    const store = new Store<Stored>();
    const seen: string[] = [];
    store.onChange(() => {
      throw new Error('broken');
    });
    store.onChange((_, key) => seen.push(key));
    store.upsert(thing('a', 1));
    expect(seen).toEqual(['ns/a']);
    expect(store.size).toBe(1);
  });

  /** A history of one key, and everything the store may hear of it: the watch in order, write answers at any time. */
  it('the store ends where the history ends, and never shows an older version, in any order of answers', () => {
    const step = fc.record({ name: fc.constantFrom('a', 'b'), deleted: fc.boolean(), answerAfter: fc.nat(6) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const store = new Store<Stored>();
        const newest: Record<string, number> = {};
        store.onChange((_, key, object) => {
          const rv = Number(object.metadata.resourceVersion);
          expect(rv).toBeGreaterThanOrEqual(newest[key] ?? 0);
          newest[key] = rv;
        });
        const truth: Record<string, string> = {};
        const late: { at: number; object: Stored; deleted: boolean }[] = [];
        const born: Record<string, number> = {};
        const objects = steps.map(({ name, deleted }, i) => {
          const uid = `${name}-${(born[name] ??= i)}`;
          if (deleted) delete born[name];
          return thing(name, i + 1, { uid });
        });
        const answer = (object: Stored, deleted: boolean) => (deleted ? store.forget(object) : store.upsert(object));
        steps.forEach(({ name, deleted, answerAfter }, i) => {
          const object = objects[i] as Stored;
          if (answerAfter % 2) answer(object, deleted); // the answer comes before the watch event
          late.push({ at: i + answerAfter, object, deleted }); // and once more after it
          if (deleted) delete truth[name];
          else truth[name] = String(i + 1);
        });
        steps.forEach(({ deleted }, i) => {
          const object = objects[i] as Stored;
          if (deleted) store.remove(object);
          else store.upsert(object);
          store.advance(String(i + 1));
          for (const { at, object, deleted } of late) if (at === i) answer(object, deleted);
        });
        for (const { object, deleted } of late) answer(object, deleted);
        expect(versions(store)).toEqual(truth);
      }),
      { numRuns: 500 },
    );
  });
});
