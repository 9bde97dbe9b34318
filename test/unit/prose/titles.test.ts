import { describe, expect, it } from '@jest/globals';
import { titleFaults } from '../../../scripts/prose/rules.ts';
import { titlesOf } from '../../../scripts/prose/titles.ts';

const textsOf = (source: string): string[] => titlesOf(source).map(({ text }) => text);

describe('titlesOf', () => {
  it('titlesOf finds the title and the line of each test, and no title of a describe', () => {
    const source = [
      "describe('a pod', () => {",
      "  it('a pod ends', () => {});",
      '  it.skip(`attempt ${n} ends`, async () => {});',
      '});',
    ].join('\n');
    expect(titlesOf(source)).toEqual([
      { text: 'a pod ends', line: 2 },
      { text: 'attempt x ends', line: 3 },
    ]);
  });

  it('titlesOf reads the call that takes the title after the table', () => {
    expect(textsOf("it.each<[string]>([['a']])('the pod %s ends', () => {});")).toEqual(['the pod %s ends']);
    expect(textsOf("const each = CAN ? it.concurrent.each(X) : it.skip.each(X);\neach('%s ends', f);")).toEqual([
      '%s ends',
    ]);
  });

  it.each([
    ["it.each([['a pod', 1], ['is', 2]])('%s ends', f);"],
    ["it.each(['a pod', 'is'])('%s ends', f);"],
    ["const table = [['a pod'], ['is']] as const;\nit.each(table)('%s ends', f);"],
    ["it.each([{ n: 1, what: 'a pod' }, { n: 2, what: 'is' }])('$what ends', f);"],
  ])('titlesOf begins a title with the text of each row: %s', (source) => {
    expect(textsOf(source)).toEqual(['a pod ends', 'is ends']);
  });
});

describe('titleFaults', () => {
  it.each([
    ...[
      'is forgotten',
      'says why',
      'has no pod',
      'waits',
      'may end',
      'without a pod',
      'and ends',
      'it ends',
      'its pod',
    ],
    ...[
      'one that ended stays',
      'who asks is known',
      'what ended stays',
      'never ends',
      'says: no',
      'Are gone',
      'one of two ends',
    ],
  ])('titleFaults refuses "%s"', (text) => {
    expect(titleFaults({ text, line: 1 })).toEqual([
      expect.stringMatching(/^begins with "\w+": begin with the subject/),
    ]);
  });

  it.each([
    ...['the operator ends a pod', 'a pod ends', 'sessions end', 'status names a reason', 'access is refused'],
    ...[
      'Kubernetes keeps a pod',
      'limits.perPod holds',
      '%s ends',
      '$what ends',
      'every pod ends',
      'one pod ends',
      'only a pod ends',
    ],
  ])('titleFaults accepts "%s"', (text) => {
    expect(titleFaults({ text, line: 1 })).toEqual([]);
  });
});
