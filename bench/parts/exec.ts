import { setTimeout as delay } from 'node:timers/promises';
import { ApiError } from '../../src/kube/api-error.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
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
const BINDING = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/debugsession-guard';
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
    await bindGuardOutside(rig, [unguarded]);
    const times: ExecTimes = { stored, beside: [], unguarded: [] };
    for (let round = 0; round < rounds; round += 1) {
      const turns = [
        async () => times.beside.push(await execTime(rig, stand.namespace)),
        async () => times.unguarded.push(await execTime(rig, unguarded)),
      ];
      for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn();
      await delay(PAUSE_MS);
    }
    return times;
  } finally {
    await rig.stopOperators();
    await bindGuardOutside(rig, undefined);
    await stand.stop();
  }
}

/** Binds the guard to all namespaces but these. Undefined: to all, as it is shipped. */
async function bindGuardOutside(rig: Rig, namespaces: string[] | undefined): Promise<void> {
  const outside = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: namespaces };
  const matchResources = namespaces && { namespaceSelector: { matchExpressions: [outside] } };
  await rig.client.patch(BINDING, { spec: { matchResources: matchResources ?? null } }, { type: 'merge' });
}

/** An exec that goes through all of admission, and then has no such container: no kubelet's time is in it. */
async function execTime({ client }: Rig, namespace: string): Promise<number> {
  const query = new URLSearchParams({ container: 'debug-ffffffff-1', command: 'true', stdout: 'true' });
  const begin = performance.now();
  const answer = await client
    .create(`${podsPath(namespace)}/${POD}/exec?${query.toString()}`, {})
    .catch((error: unknown) => error);
  const took = performance.now() - begin;
  if (!(answer instanceof ApiError && answer.code === 400))
    throw new Error(`exec into a container that is not there: ${String(answer)}`);
  return took;
}
