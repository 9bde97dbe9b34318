import { PROFILE_NAMES } from '../api/profiles.ts';
import { type Command, Option } from 'commander';
import { DEFAULT_IMAGE } from './choose.ts';
import type { StartOptions } from './compose.ts';
import { repeated } from './verb.ts';

/** The flags that say what a session is to be, of every verb that is about one that is not there yet. */
export function addSessionFlags(verb: Command): Command {
  return verb
    .argument('[POD | TYPE/NAME]', 'pod to debug, or workload of which a ready pod is chosen')
    .option(
      '-c, --container <NAME>',
      'container whose processes and files are seen (default: the default container of the pod, where the policy allows it)',
    )
    .addOption(new Option('--target <NAME>', 'the same as --container, as kubectl debug calls it'))
    .option('--no-target', 'join no container')
    .option('-i, --image <IMAGE>', `image of the debug container (default: as the policy says, else ${DEFAULT_IMAGE})`)
    .option('--ttl <TIME>', 'how long it may run, such as 1h30m (default: as the policy says)')
    .option('--profile <NAME>', `${PROFILE_NAMES.join(', ')} (default: general)`)
    .option('--policy <NAME>', 'DebugPolicy to ask under (default: default)')
    .option('-r, --reason <TEXT>', 'why; kept in the record')
    .option('-e, --env <NAME=VALUE>', 'variable of the command; may be given several times', repeated)
    .option(
      '--attacher <WHO>',
      'who else may come in: user:NAME, group:NAME or serviceaccount:[NAMESPACE/]NAME; may be given several times',
      repeated,
    )
    .option('--as-user <UID[:GID]>', 'run as this user and group')
    .option('--volume <VOLUME:PATH[:ro]>', 'mount a volume of the pod; may be given several times', repeated)
    .option('--supervisor <NAME>', 'Shell or None: what ends the command inside the container (default: Shell)')
    .option('--name <NAME>', 'name of the session (default: made from the name of the pod)')
    .option('-t, --tty', 'give the command after -- a terminal, and attach to it')
    .option('-f, --filename <FILE>', 'start the session of this file, - for standard input');
}

/** The command line as it was read: `--target NAME` is `--container NAME`, and `--no-target` is neither. */
export function startOptions(
  target: string | undefined,
  options: Record<string, unknown>,
  command: readonly string[] | undefined,
): StartOptions {
  const { target: join, filename, ...others } = options;
  return {
    ...(others as Omit<StartOptions, 'target'>),
    ...(command !== undefined && { command }),
    ...(target !== undefined && { target }),
    ...(typeof filename === 'string' && { file: filename }),
    ...(typeof join === 'string' && { container: join }),
    ...(join === false && { noTarget: true }),
  };
}
