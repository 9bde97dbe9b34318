import { setTimeout as delay } from 'node:timers/promises';
import { bindGuardOutside, execTime } from '../../test/support/cluster/guarded-exec.ts';
import type { Rig } from '../rig/rig.ts';
import { openStand } from '../rig/stand.ts';
import { oneOver, store } from '../rig/stored-sessions.ts';

export interface ExecOptions {
  /** Finished sessions in the namespace of the pod. */
  stored: number;
  /** Rounds of one exec beside them and one where no guard looks. */
  rounds: number;
}

/** All in ms, one value for each sample. */
export interface ExecTimes {
  stored: number;
  /** In the namespace of the finished sessions. */
  beside: number[];
  /** In a namespace that the guard's binding leaves out. */
  unguarded: number[];
}

const POD = 'pod-0';
/** Between two rounds: people exec now and then, and no cache of the machine holds the sessions until then. */
const PAUSE_MS = 100;

/** How much dearer the guard makes an exec where many sessions are stored, by turns. */
export async function measureExec(rig: Rig, { stored, rounds }: ExecOptions): Promise<ExecTimes> {
  const stand = await openStand(rig, 'exec', { ends: false });
  const unguarded = await rig.namespace('unguarded');
  try {
    await Promise.all([stand.namespace, unguarded].map((namespace) => rig.node.runPods(namespace, [POD])));
    const operator = await rig.startOperator();
    const record = await Promise.race([operator.failed, oneOver(rig, stand, [POD])]);
    await rig.stopOperator(operator);
    await store(rig, stand, record, { from: 0, to: stored });
    await bindGuardOutside(rig.client, [unguarded]);
    const times: ExecTimes = { stored, beside: [], unguarded: [] };
    for (let round = 0; round < rounds; round += 1) {
      const turns = [
        async () => times.beside.push(await execTime(rig.client, stand.namespace, POD)),
        async () => times.unguarded.push(await execTime(rig.client, unguarded, POD)),
      ];
      for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn();
      await delay(PAUSE_MS);
    }
    return times;
  } finally {
    await rig.stopOperators();
    await bindGuardOutside(rig.client, undefined);
    await stand.stop();
  }
}
