import { describe, expect, it } from '@jest/globals';
import type { DebugSessionSpec } from '../../../../src/api/debugsession.ts';
import type { EphemeralContainer } from '../../../../src/api/ephemeral-container.ts';
import { containerOf } from '../../../../src/session/container/container-of.ts';
import { changesOf, makeupOf } from '../../../../src/session/container/makeup.ts';
import { World } from '../../../support/world/world.ts';

/** A session whose container stands in the pod as admission has left it. */
function admitted(
  change: (container: EphemeralContainer) => EphemeralContainer,
  spec?: Partial<DebugSessionSpec>,
): World {
  const world = new World(spec);
  world.settle();
  const stands = makeupOf(change(structuredClone(containerOf(world.session, world.run))));
  world.changePod((pod) => {
    pod.spec.ephemeralContainers = pod.spec.ephemeralContainers?.map((one) => ({ ...one, makeup: stands })) ?? [];
  });
  world.starts();
  world.settle();
  return world;
}

describe('a container that admission changed', () => {
  it('the run records the fields that admission changed, and the image in the pod', () => {
    const { run } = admitted((one) => ({ ...one, image: 'mirror/x', securityContext: { runAsUser: 7 } }));
    expect(run.changed).toEqual(['image: mirror/x', 'securityContext']);
    expect([run.effective?.supervisor, run.lastMoment]).toEqual(['Shell', expect.any(String)]);
  });

  it('the run records no change where the API server fills in or leaves out defaults', () => {
    const spec = { env: [{ name: 'A', value: '' }], securityContext: { runAsUser: 0 } };
    const same = admitted(
      ({ env, ...one }) => ({
        ...one,
        env: env.map(({ name, value }) => ({ name, ...(value !== '' && { value: value ?? '' }) })),
        securityContext: { ...one.securityContext, procMount: 'Default' } as object,
      }),
      spec,
    );
    expect(same.run.changed).toBeUndefined();
    expect(same.run.state).toBe('Running');
  });

  it.each([
    ['another command', (one: EphemeralContainer) => ({ ...one, command: ['top'] }), ['command']],
    ['arguments', (one: EphemeralContainer) => ({ ...one, args: ['x'] }), ['args']],
    ['no variables', ({ env, ...one }: EphemeralContainer) => ({ ...one, env: env.slice(-2) }), ['env']],
  ])('a container to which admission gave %s has no supervisor', (_what, change, changed) => {
    const { run } = admitted(change);
    expect(run).toMatchObject({ changed, effective: { supervisor: 'None' } });
    expect(run.lastMoment).toBeUndefined();
  });

  it('a container keeps its supervisor when admission adds a variable', () => {
    const { run } = admitted((one) => ({ ...one, env: [{ name: 'HTTP_PROXY', value: 'p' }, ...one.env] }));
    expect(run).toMatchObject({ changed: ['env'], effective: { supervisor: 'Shell' } });
  });

  it('a run without a supervisor has no last moment after admission changed its image', () => {
    const { run } = admitted((one) => ({ ...one, image: 'mirror/x' }), { supervisor: 'None' });
    expect(run).toMatchObject({ changed: ['image: mirror/x'], effective: { supervisor: 'None' } });
    expect(run).not.toHaveProperty('lastMoment');
  });

  it('the run records no change of a container that an operator of another version made', () => {
    const world = new World();
    while (world.step().effect.kind !== 'inject');
    const stands = makeupOf({ ...containerOf(world.session, world.run), image: 'mirror/x' });
    world.changePod(({ spec }) => {
      spec.ephemeralContainers = spec.ephemeralContainers?.map((one) => ({ ...one, makeup: stands })) ?? [];
    });
    const runs = world.session.status?.runs?.map((run) => ({ ...run, specHash: 'of another version' })) ?? [];
    world.session = { ...world.session, status: { ...world.session.status, runs } };
    world.starts();
    world.settle();
    expect(world.run.state).toBe('Running');
    expect(world.run).not.toHaveProperty('changed');
  });

  it('changesOf compares every field that decides what runs', () => {
    const asked: EphemeralContainer = { name: 'd', image: 'i', env: [], terminationMessagePolicy: 'File' };
    const others: Partial<EphemeralContainer>[] = [
      { image: 'j' },
      { command: ['c'] },
      { args: [''] },
      { env: [{ name: 'A' }] },
      { envFrom: [{ configMapRef: { name: 'c' } }] },
      { workingDir: '/' },
      { volumeMounts: [{ name: 'v', mountPath: '/v' }] },
      { stdin: true },
      { tty: true },
      { targetContainerName: 'app' },
      { securityContext: { allowPrivilegeEscalation: false } },
    ];
    for (const other of others) {
      const [field = ''] = Object.keys(other);
      const changes = changesOf(asked, makeupOf({ ...asked, ...other }));
      expect(changes?.fields).toEqual([field === 'image' ? 'image: j' : field]);
    }
  });
});
