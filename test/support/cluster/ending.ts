import type { Condition, DebugSession } from '../../../src/api/debugsession.ts';
import type { Stage } from './stage.ts';

// Questions about a session that has to end.

/** Its condition StopConfirmed. */
export function confirmation({ status }: DebugSession): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === 'StopConfirmed');
}

/** The state of its container, as the kubelet has it. */
export async function containerState(stage: Stage, { status }: DebugSession): Promise<unknown> {
  const pod = await stage.pod(status?.podName ?? '');
  return pod.status?.ephemeralContainerStatuses?.find(({ name }) => name === status?.debugContainerName)?.state;
}

/** When a container first logged these words, in ms since the epoch. Undefined: it has not. */
export async function loggedAt(
  stage: Stage,
  pod: string,
  container: string,
  words: string,
): Promise<number | undefined> {
  const { stdout } = await stage.kubectl(['logs', pod, '-c', container, '--timestamps']);
  const line = stdout.split('\n').find((text) => text.includes(words));
  return line === undefined ? undefined : Date.parse(line.split(' ')[0] ?? '');
}

/** What a test calls it, as the name of a session. */
export function nameOf(words: string): string {
  return words.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');
}

/** The reasons of its events, oldest first. */
export async function toldOf(stage: Stage, name: string): Promise<string[]> {
  return (await stage.events('DebugSession', name)).map(({ reason }) => reason);
}
