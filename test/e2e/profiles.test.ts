import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DebugSessionSpec } from '../../src/api/debugsession.ts';
import { type Profile, PROFILE_NAMES } from '../../src/api/profiles.ts';
import type { SecurityContext } from '../../src/api/ephemeral-container.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import { containerName, ephemeralContainer } from '../../src/session/container/container.ts';
import { effectiveValues } from '../../src/session/container/effective.ts';
import { busyboxImage } from '../cluster/image-names.ts';
import { Stage } from '../support/cluster/stage.ts';

// Field by field: what the real `kubectl debug` injects, and what we inject into the same pod.

type Stored = Record<string, unknown> & { name: string };

const OVERLAY: SecurityContext = {
  runAsUser: 1000,
  capabilities: { add: ['NET_BIND_SERVICE'] },
  allowPrivilegeEscalation: true,
  seccompProfile: { type: 'Unconfined' },
};

let stage: Stage;
let folder: string;

beforeAll(async () => {
  stage = await Stage.open('profiles', { operator: false });
  folder = await mkdtemp(join(tmpdir(), 'profiles-'));
  await stage.runningPod('web');
});

afterAll(async () => {
  await rm(folder, { recursive: true });
  await stage.close();
});

async function stored(name: string): Promise<Stored> {
  const containers = ((await stage.pod('web')).spec?.ephemeralContainers ?? []) as Stored[];
  const found = containers.find((container) => container.name === name);
  if (found === undefined) throw new Error(`pod web has no container ${name}`);
  return found;
}

async function kubectlDebug(name: string, profile: Profile, more: string[]): Promise<Stored> {
  const flags = [`--profile=${profile}`, '--target=app', `--image=${busyboxImage}`, `--container=${name}`, ...more];
  const done = await stage.cluster.kubectl(['debug', '-n', stage.namespace, 'web', ...flags, '--', 'sleep', '1']);
  if (done.code !== 0) throw new Error(done.stderr);
  return stored(name);
}

async function ours(spec: Omit<DebugSessionSpec, 'target' | 'attempt' | 'image'>, uid: string): Promise<Stored> {
  const full = { ...spec, target: { podName: 'web' }, attempt: 1, image: busyboxImage, command: ['sleep', '1'] };
  const container = ephemeralContainer({
    ...{ name: containerName(uid, 1), spec: full, effective: effectiveValues(full), sessionUID: uid, attempt: 1 },
    ...{ targetContainerName: 'app', startBy: Date.now() + 60_000, lastMoment: Date.now() + 120_000 },
  });
  await stage.client.patch(
    `${podsPath(stage.namespace)}/web/ephemeralcontainers`,
    { spec: { ephemeralContainers: [container] } },
    { type: 'strategic' },
  );
  return stored(container.name);
}

/** The words of the command are ours, and so are two variables. Nothing else may differ. */
function rest(container: Stored): Record<string, unknown> {
  return Object.fromEntries(Object.entries(container).filter(([field]) => !['name', 'command', 'env'].includes(field)));
}

it.each(PROFILE_NAMES)(
  'the profile %s gives the container that kubectl debug makes of the same profile',
  async (profile) => {
    const theirs = await kubectlDebug(`kubectl-${profile}`, profile, []);
    expect(rest(await ours({ profile }, profile))).toEqual(rest(theirs));
  },
);

it.each(PROFILE_NAMES)(
  'the profile %s with a securityContext gives the container that kubectl debug --custom makes of both',
  async (profile) => {
    const file = join(folder, `${profile}.json`);
    writeFileSync(file, JSON.stringify({ securityContext: OVERLAY }));
    const theirs = await kubectlDebug(`custom-${profile}`, profile, [`--custom=${file}`]);
    expect(rest(await ours({ profile, securityContext: OVERLAY }, `custom ${profile}`))).toEqual(rest(theirs));
  },
);

it('a session without a profile has the default profile of kubectl debug', async () => {
  const done = await stage.cluster.kubectl([
    ...['debug', '-n', stage.namespace, 'web', '--target=app', `--image=${busyboxImage}`, '--container=plain'],
    ...['--', 'sleep', '1'],
  ]);
  expect(done.code).toBe(0);
  expect(rest(await ours({}, 'plain'))).toEqual(rest(await stored('plain')));
});
