import type { Stage } from './stage.ts';

/** What a shell runs to live until a test tells it to end, however long that takes. Another command may follow it. */
export const UNTIL_TOLD = 'until [ -e /tmp/end ]; do sleep 0.1; done';

/**
 * Tells a container that runs `UNTIL_TOLD` to end. Default: the application of the pod.
 * @throws Error when the file could not be made. An exec that is killed by the end has made the file.
 */
export async function tellToEnd(stage: Stage, pod: string, container = 'app'): Promise<void> {
  const { code, stderr } = await stage.kubectl(['exec', pod, `--container=${container}`, '--', 'touch', '/tmp/end']);
  if (code !== 0 && code !== KILLED) throw new Error(`touch /tmp/end in pod ${pod}: ${stderr}`);
}

/** 128 and SIGKILL: what kubectl ends with when its command was killed. */
const KILLED = 137;
