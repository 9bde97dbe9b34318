import type { SeenContainer } from '../containers.ts';
import type { SeenProbe } from '../facts.ts';
import { joined } from '../when.ts';

export type ProbeKind = 'readiness' | 'liveness' | 'startup';

export function probeOf({ spec }: SeenContainer, kind: ProbeKind): SeenProbe | undefined {
  return { readiness: spec.readinessProbe, liveness: spec.livenessProbe, startup: spec.startupProbe }[kind];
}

/** What a probe asks, and how often, such as `GET :8080/healthz every 10s, timeout 1s, 3 failures`. */
export function probeWords(container: SeenContainer, probe: SeenProbe): string {
  const { periodSeconds = 10, timeoutSeconds = 1, failureThreshold = 3, initialDelaySeconds = 0 } = probe;
  return joined([
    `${asked(container, probe)} every ${periodSeconds}s`,
    `timeout ${timeoutSeconds}s`,
    `fails after ${failureThreshold}`,
    initialDelaySeconds > 0 ? `first after ${initialDelaySeconds}s` : '',
  ]);
}

function asked(container: SeenContainer, { httpGet, tcpSocket, grpc, exec }: SeenProbe): string {
  if (httpGet !== undefined) return `GET :${port(container, httpGet.port)}${httpGet.path ?? '/'}`;
  if (tcpSocket !== undefined) return `TCP :${port(container, tcpSocket.port)}`;
  if (grpc !== undefined) return `gRPC :${grpc.port}`;
  return `command ${(exec?.command ?? []).join(' ')}`;
}

function port(container: SeenContainer, wanted: number | string): string {
  const number = portNumber(container, wanted);
  return typeof wanted === 'number' ? String(wanted) : `${wanted}${number === undefined ? '' : ` (${number})`}`;
}

/** The number of a port that is named in the container; undefined where there is none of that name. */
export function portNumber({ spec }: SeenContainer, wanted: number | string): number | undefined {
  if (typeof wanted === 'number') return wanted;
  return spec.ports?.find(({ name }) => name === wanted)?.containerPort;
}

/** The kubelet's words of a failed probe, and what they mean. `asks` is `it`, or the path of a probe by HTTP. */
const MEANINGS: readonly [RegExp, string][] = [
  [/statuscode: 404/, 'The program answers, and has nothing at the path of the probe.'],
  [/statuscode: 40[13]/, 'The program answers, and wants credentials that a probe does not have.'],
  [/statuscode: 5\d\d/, 'The program answers that it is not well.'],
  [/statuscode: 3\d\d/, 'The program sends the probe to another address, which the kubelet does not follow.'],
  [/statuscode: \d/, 'The program answers, and not with success.'],
  [
    /server gave HTTP response to HTTPS client|malformed HTTP response/,
    'The probe and the program do not agree on HTTP or HTTPS: the field scheme of the probe is wrong.',
  ],
  [
    /connection refused/,
    'Nothing listens at that port of the pod: the port of the probe is wrong, the program is not up, or it listens on 127.0.0.1 only.',
  ],
  [
    /deadline exceeded|timed? ?out|i\/o timeout/i,
    'The answer does not come in time: the program is slow or hangs, or the timeout of the probe is too short.',
  ],
  [/couldn't find port|no such port/i, 'The container has no port of the name that the probe uses.'],
  [/executable file not found|no such file/i, 'The command of the probe does not exist in the image.'],
];

export function probeMeaning(said: string): string {
  return MEANINGS.find(([pattern]) => pattern.test(said))?.[1] ?? 'The check fails, for the reason above.';
}
