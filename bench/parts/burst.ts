import { setTimeout as delay } from 'node:timers/promises';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { apiServerCpuSeconds } from '../rig/api-server-cpu.ts';
import { Floor } from '../rig/floor.ts';
import { empty, type Rig } from '../rig/rig.ts';
import { inSpecSince, numbered, openStand } from '../rig/stand.ts';
import { countEvents } from './throughput.ts';

/** That a session was injected, and that it started. */
const EVENTS = 2;

interface Run {
  perSecond: number;
  apiServerMs: number;
}

function runsNow({ status }: DebugSession): boolean {
  return status?.phase === 'Running';
}

export interface BurstOptions {
  runs: number;
  sessions: number;
}

/** All at once, each on a pod of its own: how many a second have their container in the spec. */
export interface Burst {
  sessions: number;
  /** By run: all sessions by the time from sending the first to the last container seen. */
  perSecond: number[];
  /** The same by the floor, by turns. */
  floorPerSecond: number[];
  /** CPU time of the API server for a session, from the first request to the last event, by run; in ms. */
  apiServerMs: number[];
  floorApiServerMs: number[];
}

export async function measureBurst(rig: Rig, { runs, sessions }: BurstOptions): Promise<Burst> {
  const stand = await openStand(rig, 'burst', { ends: false });
  const operator = await rig.startOperator();
  const floor = await Floor.install(rig.client);
  const bySession = (podName: string): Promise<unknown> =>
    rig.createSession(stand.namespace, podName, { target: { podName }, ttl: '3h' });
  const byFloor = (pod: string): Promise<unknown> => floor.debug(stand.namespace, pod, `floor-${pod}`);
  const burst = async (name: string, ask: typeof bySession, isDone: () => Promise<boolean>): Promise<Run> => {
    const pods = numbered(name, sessions);
    await rig.node.runPods(stand.namespace, pods);
    const before = await apiServerCpuSeconds(rig.cluster);
    const begin = performance.now();
    const seen = pods.map((pod) => inSpecSince(stand, pod));
    await Promise.all(pods.map(ask));
    const last = Math.max(...(await Promise.all(seen)));
    // What is written after the injections belongs to the sessions too.
    while (!(await isDone())) await delay(500);
    const cpu = (await apiServerCpuSeconds(rig.cluster)) - before;
    return { perSecond: sessions / ((last - begin) / 1_000), apiServerMs: (cpu * 1_000) / sessions };
  };
  const measure = async (): Promise<Burst> => {
    const found: Record<'operator' | 'floor', Run[]> = { operator: [], floor: [] };
    for (let run = 0; run <= runs; run += 1) {
      const told = EVENTS * sessions * (run + 1);
      const operatorIsDone = async (): Promise<boolean> =>
        (await countEvents(rig, stand.namespace)) >= told && stand.sessions.list().every(runsNow);
      found.operator.push(await burst(`run-${run}`, bySession, operatorIsDone));
      found.floor.push(await burst(`floor-${run}`, byFloor, () => Promise.resolve(true)));
    }
    // The first runs are not counted: code is compiled, connections are made.
    const [operatorRuns, floorRuns] = [found.operator.slice(1), found.floor.slice(1)];
    return {
      sessions,
      perSecond: operatorRuns.map(({ perSecond }) => perSecond),
      floorPerSecond: floorRuns.map(({ perSecond }) => perSecond),
      apiServerMs: operatorRuns.map(({ apiServerMs }) => apiServerMs),
      floorApiServerMs: floorRuns.map(({ apiServerMs }) => apiServerMs),
    };
  };
  try {
    return await Promise.race([operator.failed, stand.kubelet.failed, measure()]);
  } finally {
    await rig.stopOperator(operator);
    await floor.remove();
    await stand.stop();
    await empty(rig.client, stand.namespace);
  }
}
