import { describe, expect, it } from '@jest/globals';
import { cutter, KEPT } from '../../../src/api/cut.ts';

interface Raw {
  name: string;
  reason?: string | undefined;
  size: string;
}

interface Cut {
  name: string;
  reason?: string;
  size?: number;
}

const cut = cutter<Cut, Raw>({ name: KEPT, reason: KEPT, size: ({ size }) => Number(size) || undefined });

describe('a cut object', () => {
  it('a cut object has the fields of the table and no others', () => {
    const raw = { name: 'a', reason: 'b', size: '3', more: 'c' };
    expect(cut(raw)).toStrictEqual({ name: 'a', reason: 'b', size: 3 });
  });

  it('a cut object has no key for a field without a value', () => {
    expect(Object.keys(cut({ name: 'a', reason: undefined, size: '' }))).toEqual(['name']);
  });

  // `npm run typecheck` fails where one of these compiles.
  it('a cut table that forgets a field does not compile', () => {
    // @ts-expect-error -- reason is declared, and nothing says how it is made
    const forgetful = cutter<Cut, Raw>({ name: KEPT, size: () => 1 });
    expect(forgetful({ name: 'a', reason: 'b', size: '3' })).not.toHaveProperty('reason');
  });

  it('a cut table cannot keep a field of another type or a missing field', () => {
    // @ts-expect-error -- size is a string in what is read
    const wrong = cutter<Cut, Raw>({ name: KEPT, reason: KEPT, size: KEPT });
    // @ts-expect-error -- what is read has no size
    const absent = cutter<Cut, Omit<Raw, 'size'>>({ name: KEPT, reason: KEPT, size: KEPT });
    expect([wrong, absent].map((make) => typeof make({ name: 'a', size: '3' }).size)).toEqual(['string', 'string']);
  });
});
