import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DelayHeap } from '../../../src/runtime/delay-heap.ts';

const act = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('push' as const), at: fc.nat(50), nth: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hasten' as const), at: fc.nat(50), nth: fc.nat(100) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), at: fc.constant(0), nth: fc.nat(100) }) },
);

it('the delay heap knows its earliest item after any adds, moves and removals', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 120, size: 'max' }), (acts) => {
      const heap = new DelayHeap<{ readyAt: number; order: number; index: number }>();
      const held: { readyAt: number; order: number; index: number }[] = [];
      const first = () => [...held].sort((one, two) => one.readyAt - two.readyAt || one.order - two.order)[0];
      for (const [order, { do: what, at, nth }] of acts.entries()) {
        const item = held[nth % held.length];
        if (what === 'push') {
          const added = { readyAt: at, order, index: 0 };
          held.push(added);
          heap.push(added);
        } else if (item && what === 'remove') {
          held.splice(held.indexOf(item), 1);
          heap.remove(item);
        } else if (item && at < item.readyAt) {
          item.readyAt = at;
          heap.hastened(item);
        }
        expect(heap.first).toBe(first());
      }
      for (let next = first(); next; next = first()) {
        expect(heap.first).toBe(next);
        held.splice(held.indexOf(next), 1);
        heap.remove(next);
      }
      expect(heap.first).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});
