import type { Stage } from './stage.ts';

/**
 * Ends the application of a pod, which waits for the file /tmp/end.
 * @throws Error when the file could not be made. An exec that is killed by the end has made the file.
 */
export async function endApplication(stage: Stage, pod: string): Promise<void> {
  const { code, stderr } = await stage.kubectl(['exec', pod, '--container=app', '--', 'touch', '/tmp/end']);
  if (code !== 0 && code !== KILLED) throw new Error(`touch /tmp/end in pod ${pod}: ${stderr}`);
}

/** 128 and SIGKILL: what kubectl ends with when its command was killed. */
const KILLED = 137;
