import { readInput, sourceName } from '../../cli/read-input.ts';
import type { Desk } from '../desk.ts';
import { UsageFault } from '../fault.ts';
import { type AddVerb, deskOf, refuseCommand } from '../verb.ts';

/**
 * Turns EphemeralContainers documents of Kubernetes 1.16 to 1.21 into sessions, as YAML on standard output.
 * @returns 0 where everything was taken over, 1 where fields were left out @throws UsageFault where the file cannot be
 * used
 */
export async function convert({ stdout, stderr }: Desk, file: string): Promise<number> {
  const input = await readInput(file);
  if (input.kind === 'unreadable') throw new UsageFault(input.fault);
  const { convert: convertText } = await import('../../cli/convert.ts');
  const result = convertText(input.text, sourceName(file));
  if (result.kind === 'unusable') throw new UsageFault(result.faults);
  for (const note of result.notes) stderr.write(`note: ${note}\n`);
  for (const field of result.leftOut) stderr.write(`left out: ${field}\n`);
  stdout.write(result.yaml);
  return result.leftOut.length > 0 ? 1 : 0;
}

export const addConvert: AddVerb = (root, invocation) => {
  root
    .command('convert')
    .description('turn EphemeralContainers documents (Kubernetes 1.16 to 1.21) into sessions, as YAML')
    .argument('<FILE>', 'JSON or YAML, - is standard input')
    .action(async (file: string) => {
      refuseCommand('convert', invocation);
      invocation.done(await convert(deskOf(root, invocation), file));
    });
};
