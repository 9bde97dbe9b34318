import type { DebugSessionSpec, Run } from '../../api/debugsession.ts';
import type { Terminated } from '../../api/pod.ts';
import type { FailureReason, InjectionReason } from '../../api/reasons.ts';
import { oneLine } from '../../text/one-line.ts';
import { neverBegan, type Refusal, refusal } from './claims.ts';

/** A run whose command was never executed. */
export interface HowItFailed {
  kind: 'failed';
  reason: FailureReason | Extract<InjectionReason, 'TargetContainerNotRunning'>;
  message: string;
}

/** What the requester asked for that can explain a failed start. Absent: the spec may be of a later attempt. */
export type Asked = Pick<DebugSessionSpec, 'command' | 'env' | 'envFrom'>;

/** The runtime made the container and could not start it: nothing has run. The kubelet says so, not the inside. */
export function couldNotStart({ reason }: Terminated): boolean {
  return reason === 'StartError' || reason === 'ContainerCannotRun';
}

/**
 * Why the command was not executed, by the runtime's words or, where the kubelet's report bears it out, its
 * supervisor's.
 */
export function startFailure(run: Run, terminated: Terminated, asked = recorded(run)): HowItFailed | undefined {
  if (couldNotStart(terminated)) return notStarted(run, oneLine(terminated.message ?? '', 600), asked);
  const refused = refusal(run, terminated);
  return refused && { kind: 'failed', ...REFUSED[refused](run, asked) };
}

/** The record of the run keeps the program. The arguments explain nothing here. */
function recorded({ commandLine }: Run): Asked {
  const [program] = commandLine?.split(' ', 1) ?? [];
  return program === undefined ? {} : { command: [program] };
}

/** An end at once without any word: the supervisor did not begin. Asked last, when nothing else explains the end. */
export function silentFailure(run: Run, terminated: Terminated): HowItFailed | undefined {
  if (!neverBegan(run, terminated)) return undefined;
  return {
    kind: 'failed',
    reason: 'SupervisorUnsupported',
    message: `The command was not run: the container ended at once, exit code ${terminated.exitCode}, and its supervisor had not begun. The image may be of another architecture than the node, or its sh cannot run a script; kubectl logs has its words. Use another image, or supervisor: None`,
  };
}

function notStarted(run: Run, said: string, asked: Asked): HowItFailed {
  // runc: the target ended between the look at it and the start.
  if (/namespace path: .*no such file or directory/.test(said)) {
    const message = `The target container ended before its process namespace could be joined; raise spec.attempt while it runs, or leave target.containerName out (${said})`;
    return { kind: 'failed', reason: 'TargetContainerNotRunning', message };
  }
  const missing = /executable file not found|no such file or directory/.test(said);
  const isSupervised = run.effective?.supervisor === 'Shell';
  const shell = isSupervised
    ? '; the image seems to have no sh, so use an image with a shell, or supervisor: None'
    : '';
  // Under a supervisor the requester's PATH is not the container's (docs/adr/0022).
  const hint = missing ? shell || hintOfPath(asked) : '';
  return {
    kind: 'failed',
    reason: missing ? 'CommandNotFound' : 'StartError',
    message: `The container runtime could not start the container: ${said || 'no reason given'}${hint}`,
  };
}

const REFUSED: Record<Refusal, (run: Run, asked: Asked) => { reason: FailureReason; message: string }> = {
  TooLate: ({ startBy }) => ({
    reason: 'TooLate',
    message: `The container started after ${startBy ?? 'its time'} and ended itself at once`,
  }),
  CommandNotFound: (_run, asked) =>
    commandFault(asked, `is no program that the image has in its PATH${hintOfPath(asked)}`),
  CommandIsBuiltin: (_run, asked) =>
    commandFault(
      asked,
      `is a builtin of the shell and no program: run it by one, with command: [sh, -c, '...']${hintOfPath(asked)}`,
    ),
  CommandIsDirectory: (_run, asked) => commandFault(asked, 'is a directory of the image and no program'),
  CommandNotExecutable: (_run, asked) =>
    commandFault(
      asked,
      'is a file of the image that cannot be executed: it lacks the permission, or the interpreter on its first line',
    ),
  CommandForeign: (_run, asked) =>
    commandFault(asked, 'is made for another architecture than the sh of the image, and the node did not execute it'),
  Unsupported: () => ({
    reason: 'SupervisorUnsupported',
    message: 'The image has a shell but no sleep; use another image, or supervisor: None',
  }),
  VariablesUnsupported: (_run, asked) => ({
    reason: 'SupervisorUnsupported',
    message: `The image has no env or no tr, which the variables of this session need${variablesOf(asked)}; use another image, or leave them out, or supervisor: None`,
  }),
};

function commandFault({ command }: Asked, what: string): { reason: FailureReason; message: string } {
  const name = command?.[0] ?? 'sh';
  return { reason: 'CommandNotFound', message: `The command was not run: ${oneLine(name, 200)} ${what}` };
}

function hintOfPath({ env = [], envFrom = [] }: Asked): string {
  if (env.some(({ name }) => name === 'PATH')) return '; env sets PATH, which may be why';
  return envFrom.length > 0 ? '; envFrom may set PATH, which may be why' : '';
}

function variablesOf({ env = [], envFrom = [] }: Asked): string {
  const names = [...env.map(({ name }) => name), ...(envFrom.length > 0 ? ['those of envFrom'] : [])];
  return names.length === 0 ? '' : ` (${oneLine(names.join(', '), 300)})`;
}
