import { candidates, connectionIn, wantedAt } from '../complete.ts';
import { type AddVerb, type Invocation, refuseCommand } from '../verb.ts';
import type { Command } from 'commander';

/** The program that kubectl asks when `kubectl dbg` is to be completed, in every shell that kubectl completes. */
const KUBECTL_COMPLETE = `#!/bin/sh
# kubectl calls this to complete "kubectl dbg". It has to lie in PATH, as kubectl_complete-dbg.
exec kubectl dbg __complete "$@"
`;

/** The directives of cobra, which kubectl reads: no file names; no blank behind the word. */
const FILES = 0;
const NO_SPACE = 2;
const NO_FILES = 4;

/**
 * What kubectl's completion reads: a candidate a line, and a directive.
 * @param words those behind `kubectl dbg`; the last is being typed
 */
export async function complete(root: Command, invocation: Invocation, words: readonly string[]): Promise<string> {
  const before = words.slice(0, -1);
  const typed = words.at(-1) ?? '';
  const wanted = wantedAt(root, { before, typed });
  const { kubectl } = invocation.desk(connectionIn(before));
  const found = await candidates(kubectl, wanted, typed);
  const wantsFiles = wanted.some(({ kind }) => kind === 'files');
  const isOpen = found.length > 0 && found.every((word) => word.endsWith('/'));
  const directive = wantsFiles ? FILES : NO_FILES + (isOpen ? NO_SPACE : 0);
  return [...found, `:${directive}`].map((line) => `${line}\n`).join('');
}

export const addCompletion: AddVerb = (root, invocation) => {
  root
    .command('completion')
    .description('print the program kubectl_complete-dbg, by which the completion of kubectl completes kubectl dbg')
    .action(() => {
      refuseCommand('completion', invocation);
      invocation.desk({}).stdout.write(KUBECTL_COMPLETE);
      invocation.done(0);
    });
};
