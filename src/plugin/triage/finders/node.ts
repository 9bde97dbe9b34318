import type { PodFacts } from '../facts.ts';
import type { Finding } from '../finding.ts';
import { joined } from '../when.ts';

const PRESSURES = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'NetworkUnavailable'];

/** The node of the pod is not well. Where the node may not be read, the pod's events say some of it. */
export function node({ pod, node: seen, events }: PodFacts): Finding[] {
  if (seen === undefined) return byEvents(pod.spec.nodeName, events);
  const { name } = seen.metadata;
  const conditions = seen.status?.conditions ?? [];
  const words = ({ type, status, reason, message }: (typeof conditions)[number]): string =>
    joined([`${type} ${status}`, joined([reason, message], ': ')], ': ');
  const ready = conditions.find(({ type }) => type === 'Ready');
  const found: Finding[] = [];
  if (ready !== undefined && ready.status !== 'True') found.push(notReady(name, words(ready)));
  const pressing = conditions.filter(({ type, status }) => PRESSURES.includes(type) && status === 'True');
  if (pressing.length > 0) {
    found.push({
      kind: 'NodePressure',
      weight: 'warning',
      title: `Node ${name} is short of something`,
      seen: pressing.map(words),
      means: 'The node may evict pods, and takes no new ones as long as this lasts.',
      todo: [`See what it is short of, and which pods take it: kubectl describe node ${name}`],
    });
  }
  return found;
}

function notReady(name: string, seen: string): Finding {
  return {
    kind: 'NodeNotReady',
    weight: 'broken',
    title: `Node ${name} does not answer`,
    seen: [seen],
    means: 'All that is said of the pod is as old as that. After five minutes its workload makes a new pod elsewhere.',
    todo: [`Look at the node: kubectl describe node ${name}`],
  };
}

function byEvents(name: string | undefined, events: PodFacts['events']): Finding[] {
  const [said] = events.filter(({ reason }) => reason === 'NodeNotReady');
  return said === undefined ? [] : [notReady(name ?? '', `${said.reason}: ${said.message}`)];
}
