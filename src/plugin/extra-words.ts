import { nearest } from '../text/nearest.ts';
import { oneLine } from '../text/one-line.ts';
import { UsageFault } from './fault.ts';

/** People who know other tools type these words: the verb that does the same here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  ...{ stop: 'end', kill: 'end', cancel: 'end', terminate: 'end' },
  ...{ delete: 'rm', remove: 'rm' },
  ...{ list: 'ls', get: 'ls', ps: 'ls' },
  ...{ describe: 'show', status: 'show', inspect: 'show' },
  ...{ exec: 'attach', connect: 'attach', log: 'logs', restart: 'again', run: 'start' },
};

/**
 * Why a start takes no more words than its target: the first one was meant as a verb, or the others as a command.
 * @param words of the command line that are no flags
 * @param verbs that there are
 * @throws UsageFault for more than one word
 */
export function refuseExtraWords(words: readonly string[], verbs: readonly string[]): void {
  const [first = '', ...rest] = words.map((word) => oneLine(word, 100));
  if (rest.length === 0) return;
  const verb = Object.hasOwn(ELSEWHERE, first) ? ELSEWHERE[first] : nearest(first, verbs);
  if (verb !== undefined)
    throw new UsageFault(`there is no verb ${JSON.stringify(first)}: did you mean kubectl dbg ${verb} ${rest[0]}?`);
  throw new UsageFault(
    `a start has one target, and ${JSON.stringify(rest[0])} is a word more: a command goes behind --, as in kubectl dbg ${first} -- ${rest.join(' ')}`,
  );
}
