import { empty, type Rig } from '../rig/rig.ts';
import { inSpecSince, numbered, openStand } from '../rig/stand.ts';

export interface BurstOptions {
  runs: number;
  sessions: number;
}

/** All at once, each on a pod of its own: how many a second have their container in the spec. */
export interface Burst {
  sessions: number;
  /** By run: all sessions by the time from sending the first to the last container seen. */
  perSecond: number[];
}

export async function measureBurst(rig: Rig, { runs, sessions }: BurstOptions): Promise<Burst> {
  const stand = await openStand(rig, 'burst', { ends: false });
  const operator = await rig.startOperator();
  const measure = async (): Promise<Burst> => {
    const perSecond: number[] = [];
    for (let run = 0; run <= runs; run += 1) {
      const pods = numbered(`run-${run}`, sessions);
      await rig.node.runPods(stand.namespace, pods);
      const begin = performance.now();
      const seen = pods.map((pod) => inSpecSince(stand, pod));
      await Promise.all(
        pods.map((podName) => rig.createSession(stand.namespace, podName, { target: { podName }, ttl: '3h' })),
      );
      const last = Math.max(...(await Promise.all(seen)));
      // The first run is not counted: code is compiled, connections are made.
      if (run > 0) perSecond.push(sessions / ((last - begin) / 1_000));
    }
    return { sessions, perSecond };
  };
  try {
    return await Promise.race([operator.failed, stand.kubelet.failed, measure()]);
  } finally {
    await rig.stopOperator(operator);
    await stand.stop();
    await empty(rig.client, stand.namespace);
  }
}
