import type { SeenContainer } from './containers.ts';
import { containersOf } from './containers.ts';
import type { PodFacts, SeenProbe } from './facts.ts';
import type { Finding } from './finding.ts';
import { portNumber, probeOf, type ProbeKind } from './finders/probe-words.ts';

const PROBE_KINDS: Readonly<Record<string, ProbeKind>> = {
  ReadinessProbeFails: 'readiness',
  LivenessProbeFails: 'liveness',
  StartupProbeFails: 'startup',
  NotReady: 'readiness',
  NotStarted: 'startup',
};

/** A path of a URL that a shell takes for one word as it is. */
const PLAIN_PATH = /^\/[\w./~-]*$/;

/** What to type in the session: the same question that a failing probe asks, or where the container's files are. */
export function insideHint({ pod }: PodFacts, found: readonly Finding[], joins: boolean): string | undefined {
  for (const { kind, container: name } of found) {
    const probeKind = PROBE_KINDS[kind];
    const container = containersOf(pod).find((one) => one.name === name);
    if (probeKind === undefined || container === undefined) continue;
    const question = questionOf(container, probeOf(container, probeKind), pod.status.podIP);
    if (question !== undefined) return question;
  }
  // Process 1 is the container's own, unless the process namespace is that of the pod or the node.
  const isOwn = pod.spec.shareProcessNamespace !== true && pod.spec.hostPID !== true;
  return joins && isOwn ? 'ls /proc/1/root' : undefined;
}

/** The kubelet asks at the address of the pod, where a program that listens on 127.0.0.1 only does not answer. */
function questionOf(container: SeenContainer, probe: SeenProbe | undefined, podIP = ''): string | undefined {
  const wanted = probe?.httpGet?.port ?? probe?.tcpSocket?.port;
  const port = wanted === undefined ? undefined : portNumber(container, wanted);
  if (!/^[0-9a-f.:]+$/i.test(podIP) || port === undefined) return undefined;
  if (probe?.httpGet === undefined) return `nc -w 3 ${podIP} ${port} </dev/null && echo open`;
  return urlQuestion(probe.httpGet, `${podIP.includes(':') ? `[${podIP}]` : podIP}:${port}`);
}

function urlQuestion({ path = '/', scheme }: NonNullable<SeenProbe['httpGet']>, host: string): string | undefined {
  if (!PLAIN_PATH.test(path)) return undefined;
  return `wget -S -O- ${scheme === 'HTTPS' ? 'https' : 'http'}://${host}${path}`;
}
