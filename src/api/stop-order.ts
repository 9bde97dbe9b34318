import { isObjectName } from './names.ts';

/**
 * Which container a stop pod is to end: all that it has to be, so that no other one is ended by mistake
 * (docs/adr/0037).
 */
export interface StopOrder {
  /** As the runtime knows it: 64 hexadecimal digits, without `containerd://`. */
  containerID: string;
  containerName: string;
  podUID: string;
  podNamespace: string;
  podName: string;
  /** How long it has to end by itself before it is killed: `0` where signals have been sent into it, else `1`. */
  graceSeconds: '0' | '1';
}

/** How each part is written. config/components/node-stop/shape-policy.yaml has the same patterns. */
const PARTS: { readonly [K in keyof StopOrder]: { flag: string; isRight: (text: string) => boolean } } = {
  containerID: { flag: 'container-id', isRight: (text) => /^[0-9a-f]{64}$/.test(text) },
  containerName: { flag: 'container-name', isRight: (text) => /^debug-[0-9a-f]{8}-[0-9]{1,2}$/.test(text) },
  podUID: { flag: 'pod-uid', isRight: (text) => /^[0-9a-zA-Z-]{1,64}$/.test(text) },
  podNamespace: { flag: 'pod-namespace', isRight: isObjectName },
  podName: { flag: 'pod-name', isRight: isObjectName },
  graceSeconds: { flag: 'grace-seconds', isRight: (text) => /^[01]$/.test(text) },
};

const KEYS = Object.keys(PARTS) as (keyof StopOrder)[];

/** The order as arguments of the stop program, each exactly once and always in this sequence. */
export function orderArguments(order: StopOrder): string[] {
  return KEYS.map((key) => `--${PARTS[key].flag}=${order[key]}`);
}

export type ReadOrder = { kind: 'order'; order: StopOrder } | { kind: 'fault'; message: string };

/** The order that {@link orderArguments} has written. Anything else is a fault, said without quoting what was given. */
export function readOrder(words: readonly string[]): ReadOrder {
  if (words.length !== KEYS.length)
    return { kind: 'fault', message: `${KEYS.length} arguments are needed, not ${words.length}` };
  const read: Partial<Record<keyof StopOrder, string>> = {};
  for (const [index, key] of KEYS.entries()) {
    const { flag, isRight } = PARTS[key];
    const prefix = `--${flag}=`;
    const text = words[index]?.startsWith(prefix) === true ? words[index].slice(prefix.length) : '';
    if (!isRight(text)) return { kind: 'fault', message: `argument ${index + 1} is not a valid ${prefix}...` };
    read[key] = text;
  }
  return { kind: 'order', order: read as unknown as StopOrder };
}

/** How a stop program ended, by its exit code. `notRunning`: the container has ended before, or is not there. */
export const STOP_EXIT = { stopped: 0, fault: 2, refused: 3, notRunning: 4, failed: 5 } as const;

/** Where the program and the runtime's socket are in a stop pod. */
export const STOP_COMMAND: readonly string[] = ['/nodejs/bin/node', '/app/node-stop.js'];
export const SOCKET_IN_STOP_POD = '/run/cri.sock';
