import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LinkedList, type Linked } from '../../../src/runtime/linked-list.ts';

interface Item extends Linked<Item> {
  name: string;
}

/** Forwards from its head, and backwards from its last. */
function namesOf(list: LinkedList<Item>): [string, string] {
  let [forwards, backwards] = ['', ''];
  let last: Item | undefined;
  for (let item = list.head; item; item = item.next) [forwards, last] = [forwards + item.name, item];
  for (let item = last; item; item = item.previous) backwards += item.name;
  return [forwards, backwards];
}

it.each([
  ['the only one', 'a', 'a', ''],
  ['the first', 'abc', 'a', 'bc'],
  ['the middle one', 'abc', 'b', 'ac'],
  ['the last', 'abc', 'c', 'ab'],
  ['all, from the front', 'abc', 'abc', ''],
  ['all, from the end', 'abc', 'cba', ''],
])(
  'a linked list without %s keeps the order of the others, and adds a new item at the end',
  (_words, names, leaving, left) => {
    const list = new LinkedList<Item>();
    const items = new Map([...names].map((name) => [name, { name }]));
    for (const item of items.values()) list.push(item);
    for (const name of leaving) list.remove(items.get(name) as Item);
    expect(namesOf(list)).toEqual([left, [...left].reverse().join('')]);
    list.push({ name: 'z' });
    expect(namesOf(list)).toEqual([`${left}z`, `z${[...left].reverse().join('')}`]);
  },
);

it('a linked list holds the same items as an array after any adds and removals', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...'abcde'), { maxLength: 30 }), (moves) => {
      const list = new LinkedList<Item>();
      const items = new Map([...'abcde'].map((name) => [name, { name }]));
      let line: string[] = [];
      for (const name of moves) {
        const item = items.get(name) as Item;
        if (line.includes(name)) {
          list.remove(item);
          line = line.filter((other) => other !== name);
        } else {
          list.push(item);
          line.push(name);
        }
        expect(namesOf(list)).toEqual([line.join(''), line.toReversed().join('')]);
      }
    }),
  );
});
