import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { busyboxImage } from '../cluster/image-names.ts';
import { shellPod } from '../support/builders/pods.ts';
import { OPEN_POLICY } from '../support/builders/open-policy.ts';
import { Policies } from '../support/builders/policies.ts';
import { tellToEnd } from '../support/cluster/until-told.ts';
import { Stage } from '../support/cluster/stage.ts';
import { OUTCOME_PODS, OUTCOMES } from '../support/outcomes/outcome-table.ts';

// Each row of the table of outcomes on a real kubelet: all at once, in a few pods.

let stage: Stage;
let policies: Policies;
const over = new Map<string, Promise<DebugSession>>();
const rows = OUTCOMES.flatMap(({ made, ...row }, index) =>
  made === undefined ? [] : [{ ...row, made, name: `row-${index + 1}` }],
);

function podSpec(pod: keyof typeof OUTCOME_PODS): object {
  const {
    limits,
    script = 'sleep 600',
    ...more
  } = OUTCOME_PODS[pod] as {
    limits?: object;
    script?: string;
  };
  const { containers } = shellPod(script) as { containers: object[] };
  const resources = limits === undefined ? {} : { resources: { limits, requests: {} } };
  return shellPod(script, { ...more, containers: [{ ...containers[0], ...resources }] });
}

async function play({ name, made: { spec, pod = 'plain', act } }: (typeof rows)[number]): Promise<DebugSession> {
  const { target, ...others } = spec;
  const later = act === 'bring the policy' ? { policyName: policies.nameOf(name) } : {};
  await stage.createSession(name, {
    ...{ image: busyboxImage, imagePullPolicy: 'IfNotPresent', ttl: '10m', ...others, ...later },
    target: { podName: pod, ...target },
  });
  if (act === 'bring the policy') {
    await stage.untilPhase(name, 'Pending');
    await policies.create(name, OPEN_POLICY);
  } else if (act !== undefined) await stage.untilPhase(name, 'Running');
  if (act === 'cancel') await stage.changeSession(name, { cancel: true });
  if (act === 'delete the pod') await stage.deletePod(pod);
  if (act === 'delete the pod at once') await stage.deletePod(pod, 0);
  if (act === 'set a deadline for the pod')
    await must('patch', 'pod', pod, '--patch={"spec":{"activeDeadlineSeconds":1}}');
  if (act === 'let the application finish') await tellToEnd(stage, pod);
  return stage.untilSession(name, ({ status }) => status?.completedAt !== undefined);
}

async function must(...args: string[]): Promise<void> {
  const { code, stderr } = await stage.kubectl(args);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
}

beforeAll(async () => {
  stage = await Stage.open('outcomes');
  policies = new Policies(stage);
  const pods = Object.keys(OUTCOME_PODS) as (keyof typeof OUTCOME_PODS)[];
  const ready = Object.fromEntries(pods.map((pod) => [pod, stage.runningPod(pod, podSpec(pod))]));
  for (const row of rows) {
    const played = (ready[row.made.pod ?? 'plain'] ?? Promise.resolve()).then(() => play(row));
    played.catch(() => undefined);
    over.set(row.name, played);
  }
});

afterAll(async () => {
  await stage.close();
  await policies.close();
});

it.each(rows)(
  'a run ends as $wanted.phase with reason $wanted.reason when $happened ($shape)',
  async ({ name, wanted: { phase, message, orReason, ...wanted } }) => {
    const { status } = (await over.get(name)) ?? {};
    const run = status?.runs?.[0];
    const { reason, endedBy, exitCode } = run ?? {};
    const seen = {
      ...{ phase: status?.phase, reason: reason === orReason ? wanted.reason : reason, message: run?.message },
      ...(endedBy !== undefined && { endedBy }),
      ...('exitCode' in wanted && { exitCode }),
    };
    expect(seen).toEqual({ phase, ...wanted, message: expect.stringContaining(message) });
  },
);
