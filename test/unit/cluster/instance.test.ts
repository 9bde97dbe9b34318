import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { componentArguments, componentNames } from '../../cluster/components.ts';
import { deriveInstance, maxSlots } from '../../cluster/instance.ts';
import { cachePaths } from '../../cluster/paths.ts';
import { claimInstance, findInstance, releaseInstance } from '../../cluster/slots.ts';

describe('an instance', () => {
  it('an instance shares no address, folder or device with any other slot', () => {
    const all = Array.from({ length: maxSlots }, (_, slot) => deriveInstance(`c${slot}`, slot, '/cache/clusters'));
    const keys = [
      'folder',
      'netns',
      'hostLink',
      'nodeLink',
      'nodeAddress',
      'podSubnet',
      'serviceSubnet',
      'cgroup',
    ] as const;
    for (const key of keys) expect(new Set(all.map((instance) => instance[key])).size).toBe(maxSlots);
  });

  it('an instance has interface names that the kernel takes (at most 15 characters)', () => {
    const { hostLink, nodeLink } = deriveInstance('last', maxSlots - 1, '/cache/clusters');
    expect(Math.max(hostLink.length, nodeLink.length)).toBeLessThanOrEqual(15);
  });

  it.each(['', 'Upper', '../etc', 'a_b', '-a', 'a-', 'a'.repeat(21), 'a b'])(
    'the launcher refuses the name %j',
    (name) => {
      expect(() => deriveInstance(name, 0, '/cache/clusters')).toThrow(/cannot be a cluster's name/);
    },
  );

  it.each([-1, 0.5, maxSlots])('the launcher refuses slot %d', (slot) => {
    expect(() => deriveInstance('a', slot, '/cache/clusters')).toThrow(/slot/);
  });

  it('the launcher refuses a folder in which a socket could not be made, and says what to do', () => {
    expect(() => deriveInstance('a', 0, `/${'long/'.repeat(20)}`)).toThrow(/DEBUGSESSION_CACHE/);
  });
});

describe('slots', () => {
  const fresh = () => {
    const folder = mkdtempSync(join(tmpdir(), 'slots-'));
    return { ...cachePaths({ DEBUGSESSION_CACHE: '/cache' }), slots: folder };
  };

  it('the slots belong to the machine, so another cache folder gets other slots and no cluster of the same name', () => {
    const paths = fresh();
    const elsewhere = { ...paths, clusters: '/elsewhere/clusters' };
    claimInstance('mine', paths);
    expect(claimInstance('other', elsewhere).slot).toBe(1);
    expect(findInstance('mine', elsewhere)).toBeUndefined();
    expect(() => claimInstance('mine', elsewhere)).toThrow(/already, in \/cache\/clusters\/mine/);
  });

  it('the slot of a name stays until it is released, and the next name gets the lowest free slot', () => {
    const paths = fresh();
    const first = claimInstance('first', paths);
    expect(claimInstance('second', paths).slot).toBe(1);
    expect(claimInstance('first', paths)).toEqual(first);
    releaseInstance(first, paths);
    expect(findInstance('first', paths)).toBeUndefined();
    expect(claimInstance('third', paths).slot).toBe(0);
    expect(readdirSync(paths.slots).sort()).toEqual(['0', '1']);
  });

  it('the launcher says that all slots are taken', () => {
    const paths = fresh();
    for (let slot = 0; slot < maxSlots; slot++) claimInstance(`c${slot}`, paths);
    expect(() => claimInstance('one-more', paths)).toThrow(/all 64 cluster slots/);
  });
});

describe('the folders', () => {
  it.each([
    [{ DEBUGSESSION_CACHE: '/a', XDG_CACHE_HOME: '/b' }, '/a'],
    [{ XDG_CACHE_HOME: '/b' }, '/b/debugsession'],
  ])('the folders of %j lie in %s', (environment, root) => {
    expect(cachePaths(environment).root).toBe(root);
  });
});

describe('the arguments of the components', () => {
  const one = deriveInstance('one', 1, '/cache/clusters');
  const two = deriveInstance('two', 2, '/cache/clusters');

  it.each(componentNames)('the component %s of two instances shares no file and no address', (name) => {
    const ofTwo = new Set(componentArguments(name, two));
    const shared = componentArguments(name, one).filter((argument) => ofTwo.has(argument));
    for (const argument of shared) expect(argument).not.toMatch(/\/cache\/|198\.18\.|=10\./);
  });

  it('the API server has arguments for the audit log of its instance and for an address that pods reach', () => {
    const words = componentArguments('kube-apiserver', one);
    expect(words).toContain('--audit-log-path=/cache/clusters/one/log/audit.log');
    expect(words).toContain('--advertise-address=198.18.1.2');
  });
});
