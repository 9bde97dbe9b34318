import { cpSync, mkdtempSync, appendFileSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { parse } from 'yaml';
import { isNodeReady } from '../../cluster/api-probe.ts';
import { cluster } from '../../cluster/cluster.ts';
import { deriveInstance } from '../../cluster/instance.ts';
import { parseMounts } from '../../cluster/mounts.ts';
import { ensurePackages } from '../../cluster/packages.ts';
import { checkPlatform } from '../../cluster/platform.ts';
import {
  DEFAULT_MINOR,
  kubernetesMinor,
  kubernetesMinors,
  kubernetesModule,
  pinnedVersion,
} from '../../cluster/kubernetes-version.ts';
import { cacheKey, clusterModules } from '../../cluster/programs.ts';
import { progressTo, silent } from '../../cluster/progress.ts';
import { run } from '../../cluster/run-program.ts';
import { auditPolicy, kubeconfig, kubeletConfig } from '../../cluster/settings.ts';

const instance = deriveInstance('one', 1, '/cache/clusters');

describe('places where the launcher cannot work', () => {
  it.each([
    ['darwin', 501, /needs Linux, and this is darwin.*CLUSTER=current/],
    ['linux', 1000, /needs root: use sudo.*CLUSTER=current/],
    ['win32', undefined, /needs Linux.*CLUSTER=current/],
  ])('the launcher refuses platform %s with user %s in one line with the way out', (platform, user, message) => {
    expect(() => checkPlatform(platform, user)).toThrow(message);
  });

  it('the launcher accepts root on Linux', () => {
    expect(() => checkPlatform('linux', 0)).not.toThrow();
  });
});

describe('missing packages', () => {
  const missing = ['runc', 'iptables'].map((name) => ({ name, isThere: () => false }));
  const present = { name: 'dash', isThere: () => true };

  it('the launcher names the missing packages in one line to a user who cannot install them', async () => {
    const words =
      'some programs are missing; on Debian or Ubuntu install them with: apt-get install --no-install-recommends runc iptables';
    await expect(ensurePackages(silent, [...missing, present], 1000)).rejects.toThrow(new Error(words));
  });

  it('the check of packages passes when no package is missing', async () => {
    await expect(ensurePackages(silent, [present], 1000)).resolves.toBeUndefined();
  });
});

describe('the built programs', () => {
  it('each folder of a minor version of Kubernetes pins a release of that version, and its staging modules', () => {
    expect(kubernetesMinors()).toContain(DEFAULT_MINOR);
    for (const minor of kubernetesMinors()) {
      const version = pinnedVersion(minor);
      expect(version).toMatch(new RegExp(`^v${minor.replace('.', '[.]')}[.][0-9]+$`));
      const text = readFileSync(join(kubernetesModule(minor), 'go.mod'), 'utf8');
      const staged = [...text.matchAll(/^\tk8s\.io\/\S+ => k8s\.io\/\S+ (\S+)$/gm)].map(([, pinned]) => pinned);
      expect(staged.length).toBeGreaterThan(25);
      expect(new Set(staged)).toEqual(new Set([version.replace(/^v1\./, 'v0.')]));
    }
  });

  it('KUBERNETES_VERSION chooses the minor version, and an unknown one gives an error that names all', () => {
    expect(kubernetesMinor({})).toBe(DEFAULT_MINOR);
    expect(kubernetesMinor({ KUBERNETES_VERSION: '1.36' })).toBe('1.36');
    expect(() => kubernetesMinor({ KUBERNETES_VERSION: '1.2' })).toThrow(
      `KUBERNETES_VERSION is "1.2"; it can be one of ${kubernetesMinors().join(', ')}`,
    );
  });

  it('the cache key of a program changes with a pin, a flag or the version of Go, and otherwise not', () => {
    const [module] = clusterModules(DEFAULT_MINOR);
    if (module === undefined) throw new Error('no module');
    const folder = mkdtempSync(join(tmpdir(), 'pins-'));
    for (const pin of module.pins) cpSync(join(module.folder, pin), join(folder, pin));
    const copy = { ...module, folder };
    const key = cacheKey(module, 'go1.26.0');
    expect(cacheKey(copy, 'go1.26.0')).toBe(key);
    expect(cacheKey(copy, 'go1.26.1')).not.toBe(key);
    expect(cacheKey({ ...copy, flags: [] }, 'go1.26.0')).not.toBe(key);
    appendFileSync(join(folder, 'go.sum'), '\n');
    expect(cacheKey(copy, 'go1.26.0')).not.toBe(key);
  });
});

describe('progress', () => {
  it('the launcher without a terminal writes a progress line every 30 seconds and the duration at the end', async () => {
    jest.useFakeTimers();
    const written: string[] = [];
    const stream = { isTTY: false, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
    let finish = () => {};
    const work = progressTo(stream).during('building kubelet', () => new Promise<void>((done) => (finish = done)));
    await jest.advanceTimersByTimeAsync(65_000);
    finish();
    await work;
    jest.useRealTimers();
    expect(written).toEqual([
      'building kubelet ...\n',
      'building kubelet ... 30 s so far\n',
      'building kubelet ... 60 s so far\n',
      'building kubelet: 65 s\n',
    ]);
  });
});

describe('the settings', () => {
  it('the kubelet settings give each kubelet a control group of its own', () => {
    expect(parse(kubeletConfig(instance))).toMatchObject({ cgroupRoot: '/debugsession-one', failCgroupV1: false });
  });

  it('the audit policy records everything, and in full the requests that the invariants need', () => {
    const { rules } = parse(auditPolicy()) as { rules: { level: string; resources?: unknown }[] };
    expect(rules.map(({ level }) => level)).toEqual([
      'RequestResponse',
      'RequestResponse',
      'Request',
      'Request',
      'Metadata',
    ]);
    expect(rules.at(-1)).not.toHaveProperty('resources');
  });

  it('the kubeconfig of a user with a token holds the token and the API server', () => {
    const token = parse(kubeconfig(instance, 'operator', { kind: 'token', token: 'abc' })) as { users: unknown[] };
    expect(token.users).toEqual([{ name: 'operator', user: { token: 'abc' } }]);
    expect(token).toMatchObject({ clusters: [{ cluster: { server: 'https://198.18.1.2:6443' } }] });
  });
});

describe('helpers of the launcher', () => {
  it('the mount parser reads a mount point with a space in its name', () => {
    expect(parseMounts('tmpfs /a\\040b tmpfs rw 0 0\n')).toEqual([{ target: '/a b', type: 'tmpfs' }]);
  });

  it.each([
    [{ status: { conditions: [{ type: 'Ready', status: 'True' }] } }, true],
    [{ spec: { taints: [{}] }, status: { conditions: [{ type: 'Ready', status: 'True' }] } }, false],
    [
      {
        spec: { taints: [{ key: 'node.kubernetes.io/memory-pressure' }] },
        status: { conditions: [{ type: 'Ready', status: 'True' }] },
      },
      true,
    ],
    [{ status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } }, false],
    [{}, false],
  ])('the node %j counts as ready: %s', (node, ready) => {
    expect(isNodeReady(node)).toBe(ready);
  });

  it('the program runner reports how a program ended, also a program that was too slow', async () => {
    expect(await run(['sh', '-c', 'cat; echo err >&2; exit 3'], { input: 'in' })).toEqual({
      code: 3,
      stdout: 'in',
      stderr: 'err\n',
    });
    expect((await run(['sleep', '60'], { timeoutMs: 20 })).code).toBe(124);
    await expect(run(['/no/such/program'])).rejects.toThrow(/cannot be started/);
  });

  it('the error for a missing cluster says how to start it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'none-'));
    expect(() => cluster({ DEBUGSESSION_CACHE: folder, CLUSTER_NAME: 'gone' })).toThrow(
      /make cluster-up CLUSTER_NAME=gone/,
    );
  });
});
