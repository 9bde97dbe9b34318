import { describe, expect, it } from '@jest/globals';
import { stepwise } from '../../../src/kube/stepwise.ts';

function counted(last: number, fails?: Error) {
  let [count, ends] = [0, 0];
  const next = async (): Promise<number | undefined> => {
    count += 1;
    if (count > last && fails) throw fails;
    return count > last ? undefined : count;
  };
  return { steps: stepwise({ next, end: () => void (ends += 1) }), asked: () => count, ends: () => ends };
}

describe('stepwise', () => {
  it('the steps come one after the other, and the end is told once', async () => {
    const { steps, ends, asked } = counted(2);
    const seen: number[] = [];
    for await (const value of steps) seen.push(value);
    expect([seen, ends()]).toEqual([[1, 2], 1]);
    expect(await steps.next()).toEqual({ done: true, value: undefined });
    await steps.return?.();
    expect([asked(), ends()]).toEqual([3, 1]);
  });

  it('a reader who leaves ends the steps, and no further one is asked for', async () => {
    const { steps, ends, asked } = counted(5);
    for await (const value of steps) if (value === 2) break;
    expect([asked(), ends()]).toEqual([2, 1]);
    expect((await steps.next()).done).toBe(true);
  });

  it('a step that fails throws to the reader and ends the steps', async () => {
    const why = new Error('torn');
    const { steps, ends } = counted(1, why);
    await steps.next();
    await expect(steps.next()).rejects.toBe(why);
    expect(ends()).toBe(1);
    expect((await steps.next()).done).toBe(true);
  });
});
