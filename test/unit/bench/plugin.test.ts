import { expect, it } from '@jest/globals';
import { pluginFigures } from '../../../bench/report/plugin-figures.ts';

it.each([
  [250, true, 1_250, true],
  [251, false, 1_251, false],
])(
  'a list of %d ms beside 100 ms meets its goal: %p; a prompt of %d ms beside 1,000 ms: %p',
  (ls, lsMet, prompt, met) => {
    const figures = pluginFigures({
      ...{ dbgLs: [ls], kubectlGet: [100], dbgVersion: [90] },
      ...{ dbgToPrompt: [prompt], kubectlDebugToPrompt: [1_000] },
    });
    expect(figures[2]?.measured).toBe('90 ms, 0.09x');
    expect(figures.map((figure) => figure.met)).toEqual([lsMet, met, undefined]);
  },
);
