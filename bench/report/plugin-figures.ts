import type { PluginTimes } from '../parts/plugin.ts';
import type { Figure } from './figures.ts';
import { median } from './statistics.ts';
import { number } from './words.ts';

/** How much longer the plugin may take for a list than kubectl, in ms. */
const LIST_MS = 150;
/** How many times as long as `kubectl debug` a prompt may take. */
const PROMPT_RATIO = 1.25;

/** What a person waits for at a terminal. */
export function pluginFigures({
  dbgLs,
  kubectlGet,
  dbgVersion,
  dbgToPrompt,
  kubectlDebugToPrompt,
}: PluginTimes): Figure[] {
  const [list, get] = [median(dbgLs), median(kubectlGet)];
  const [prompt, debug] = [median(dbgToPrompt), median(kubectlDebugToPrompt)];
  const ratio = prompt / debug;
  const start = median(dbgVersion);
  return [
    {
      what: `kubectl dbg ls beyond kubectl get dbg, p50 of ${dbgLs.length} each (${number(list)} ms, ${number(get)} ms)`,
      measured: `${number(list - get)} ms`,
      goal: `<= ${LIST_MS} ms`,
      met: list - get <= LIST_MS,
    },
    {
      what: `kubectl dbg POD to a prompt by kubectl debug, p50 of ${dbgToPrompt.length} each (${number(prompt)} ms, ${number(debug)} ms)`,
      measured: `${number(ratio)}x`,
      goal: `<= ${PROMPT_RATIO}x`,
      met: ratio <= PROMPT_RATIO,
    },
    {
      what: `... of that, until kubectl has started the plugin, p50 of ${dbgVersion.length} (kubectl dbg --version)`,
      measured: `${number(start)} ms, ${number(start / debug)}x`,
      goal: '',
    },
  ];
}
