import { describe, expect, it } from '@jest/globals';
import { orderArguments, readOrder, type StopOrder } from '../../../src/api/stop-order.ts';

const ORDER: StopOrder = {
  containerID: 'ab'.repeat(32),
  containerName: 'debug-0123abcd-1',
  podUID: '6d4b1d3e-6c0f-4a3b-9d43-0a5a3b1f0c11',
  podNamespace: 'shop',
  graceSeconds: '1',
  podName: 'web-0.a',
};
const WORDS = orderArguments(ORDER);
const without = (index: number): string[] => WORDS.filter((_, at) => at !== index);
const instead = (index: number, word: string): string[] => WORDS.map((old, at) => (at === index ? word : old));

describe('the order of a stop pod', () => {
  it('the order of a stop pod is read as it was written', () => {
    expect(readOrder(WORDS)).toEqual({ kind: 'order', order: ORDER });
  });

  it.each<[string, string[]]>([
    ['no argument', []],
    ['one argument less', without(4)],
    ['one argument more', [...WORDS, '--pod-name=other']],
    ['another sequence', [...WORDS].reverse()],
    ['an argument twice', instead(1, WORDS[0] ?? '')],
    ['the beginning of an ID', instead(0, '--container-id=abab')],
    ['an ID with its runtime', instead(0, `--container-id=containerd://${ORDER.containerID}`)],
    ['the name of an application', instead(1, '--container-name=app')],
    ['a name with more after it', instead(1, '--container-name=debug-0123abcd-1\n')],
    ['no pod UID', instead(2, '--pod-uid=')],
    ['a path as namespace', instead(3, '--pod-namespace=../shop')],
    ['a flag without its value', instead(4, '--pod-name')],
    ['a long grace', instead(5, '--grace-seconds=3600')],
  ])('the order of a stop pod is a fault with %s', (_words, argv) => {
    expect(readOrder(argv)).toMatchObject({ kind: 'fault', message: expect.stringMatching(/^[ -~]+$/) });
  });
});
