import { createInterface } from 'node:readline';
import type { DebugSession, DebugSessionStatus } from '../../src/api/debugsession.ts';
import type { EphemeralContainer } from '../../src/api/ephemeral-container.ts';
import { connect } from '../../src/kube/connect.ts';
import { podsPath, SessionApi } from '../../src/reconcile/session-api.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { Followed } from './followed.ts';
import { replay, type LifeNames, type RecordedLife } from '../parts/recorded-life.ts';

/**
 * The floor: a process of its own that makes the very same writes for each session as the operator, through the same
 * client and with the same rights, and decides nothing. What it writes is what the operator wrote for one session, in
 * that order, with other names in it. Like the operator it lives through all runs, so that neither is measured cold.
 * The task comes as a line of JSON, then a line for each session that was made: where the operator has a watch, this
 * has a pipe.
 */
export interface ProbeTask {
  kubeconfig: string;
  namespace: string;
  life: RecordedLife;
}

export interface ProbeOrder {
  session: DebugSession;
  pod: { name: string; uid: string };
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const task = JSON.parse(String((await lines.next()).value)) as ProbeTask;
const { namespace, life } = task;
const { client } = connect({ kubeconfig: task.kubeconfig });
const api = new SessionApi(client);
const signal = new AbortController().signal;
const pods = await Followed.start<RawPod>(client, podsPath(namespace));
/** Events are sent as the operator sends them: one after the other, and nobody waits for them. */
let telling: Promise<unknown> = Promise.resolve();

async function live({ session: made, pod }: ProbeOrder): Promise<void> {
  const { name, uid } = made.metadata;
  const container = `debug-${uid.slice(0, 8)}-1`;
  const names: LifeNames = { namespace, session: name, sessionUID: uid, pod: pod.name, podUID: pod.uid, container };
  const tell = (which: number): void => {
    const text = life.events[which];
    if (text === undefined) return;
    const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
    const body = replay<{ metadata: object }>(text, life.names, names);
    const metadata = { namespace, name: `${name}.${which}` };
    telling = telling.then(() => client.create(path, { ...body, metadata }));
  };
  const is = (state: 'running' | 'terminated') => (seen: RawPod) =>
    seen.status?.ephemeralContainerStatuses?.some(
      (one) => one.name === container && one.state?.[state] !== undefined,
    ) === true;

  const address = { namespace, ...pod };
  let session = made;
  let step = 0;
  for (const write of life.writes) {
    if (write.kind === 'finalizers') {
      session = await api.setGuard(session, write.finalizers.length > 0, signal);
      continue;
    }
    if (write.kind === 'inject') {
      await api.inject(address, replay<EphemeralContainer>(write.container, life.names, names), { signal });
    } else {
      if (write.after !== undefined) await pods.until(pod.name, is(write.after));
      session = await api.writeStatus(session, replay<DebugSessionStatus>(write.status, life.names, names), signal);
    }
    tell(step);
    step += 1;
  }
}

// A life that fails ends the process: whoever started it is told by that.
for await (const line of lines) void live(JSON.parse(line) as ProbeOrder);
await pods.stop();
await client.close();
