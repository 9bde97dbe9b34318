import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cachePaths } from '../cluster/paths.ts';
import { silent } from '../cluster/progress.ts';
import { run } from '../cluster/run-program.ts';
import { ensureTool, type Tool } from '../cluster/tools.ts';
import { kubectl } from '../support/cluster/api-server.ts';
import { CHART, Helm } from '../support/cluster/helm.ts';
import { repositoryPath } from '../support/documents/crd.ts';
import { LOCATION, writeJsonSchemas } from '../support/documents/json-schemas.ts';

// What people who install DebugSession run over its manifests finds nothing, but for what is listed here with a reason.

/**
 * Rules of kube-score that are wrong for this operator. Its rule on a limit of the CPU is another, which has an option:
 * a limit would throttle the operator when it stops containers, and the request is set.
 */
const WRONG: Readonly<Record<string, string>> = {
  'container-ephemeral-storage-request-and-limit': 'its root file system is read-only and it has no volume to write to',
  'container-image-pull-policy': 'a release names the image by its digest, which never changes',
  'deployment-has-host-podantiaffinity': 'topologySpreadConstraints spread the replicas over the nodes',
  'pod-networkpolicy': 'egress stays open: the address of the API server differs from cluster to cluster',
};

const EVERYTHING = {
  priorityClass: { create: true },
  rbac: { aggregate: true },
  nodeStop: { enabled: true },
  pressure: { enabled: true },
  prometheus: { enabled: true },
  grafana: { enabled: true },
  policies: { default: { images: ['docker.io/library/busybox:*'], profiles: ['general'], allow: ['TargetContainer'] } },
};
let helm: Helm;
let folder: string;
const tools = new Map<Tool, string>();
const rendered = new Map<string, string>();

beforeAll(async () => {
  helm = await Helm.open();
  folder = mkdtempSync(join(tmpdir(), 'debugsession-schemas-'));
  await writeJsonSchemas(folder);
  for (const name of ['kube-score', 'kubeconform'] as const)
    tools.set(name, await ensureTool(name, cachePaths(process.env), silent));
  const template = (values: object) =>
    helm.ok(['template', 'debugsession', CHART, '--namespace', 'debugsession-system'], values);
  rendered.set('config/default', await kubectl('kustomize', repositoryPath('config/default')));
  rendered.set('config/namespaced', await kubectl('kustomize', repositoryPath('config/namespaced')));
  rendered.set('the chart without values', await template({}));
  rendered.set('the chart with every option', await template(EVERYTHING));
  rendered.set('the chart for some namespaces', await template({ ...EVERYTHING, namespaces: ['depot', 'stock'] }));
});

afterAll(() => {
  helm.close();
  rmSync(folder, { recursive: true, force: true });
});

const cases = [
  'config/default',
  'config/namespaced',
  'the chart without values',
  'the chart with every option',
  'the chart for some namespaces',
];

describe('kubeconform', () => {
  const conform = (input: string) =>
    run([tools.get('kubeconform') ?? '', '-strict', '-summary', '-schema-location', `${folder}/${LOCATION}`], {
      input,
    });

  it.each(cases)('kubeconform finds nothing in %s', async (name) => {
    const { code, stdout } = await conform(rendered.get(name) ?? '');
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^Summary: (\d+) resources? .* - Valid: \1, Invalid: 0, Errors: 0, Skipped: 0/),
    ]);
  });

  it.each([
    ['an unknown field', /^( +)replicas: /m, '$1replica: 1\n$&'],
    ['a text in place of a number', /^( +)replicas: \d/m, '$1replicas: two'],
  ])('kubeconform would find %s', async (_, before, after) => {
    const text = rendered.get('config/default') ?? '';
    const edited = text.replace(before, after);
    expect(edited).not.toBe(text);
    expect((await conform(edited)).stdout).toContain('Invalid: 1');
  });
});

describe('kube-score', () => {
  interface Scored {
    object_name: string;
    checks: { check: { id: string }; grade: number; skipped: boolean; comments: object[] | null }[];
  }

  /** Below it a finding is a warning or an error: https://github.com/zegl/kube-score, scorecard.GradeAlmostOK. */
  const FINE = 7;

  async function found(input: string): Promise<string[]> {
    const score = [tools.get('kube-score') ?? '', 'score', '--output-format=json', '--ignore-container-cpu-limit', '-'];
    const { stdout } = await run(score, { input });
    const ids = (JSON.parse(stdout) as Scored[]).flatMap(({ checks }) =>
      checks.filter(({ skipped, grade }) => !skipped && grade < FINE).map(({ check }) => check.id),
    );
    return [...new Set(ids)].sort();
  }

  it.each(cases)('kube-score finds nothing in %s but what is wrong for this operator', async (name) => {
    expect(await found(rendered.get(name) ?? '')).toEqual(Object.keys(WRONG).sort());
  });

  it('kube-score would find a container that may write to its root', async () => {
    const edited = (rendered.get('config/default') ?? '').replace(
      'readOnlyRootFilesystem: true',
      'readOnlyRootFilesystem: false',
    );
    expect(await found(edited)).toContain('container-security-context-readonlyrootfilesystem');
  });

  it('the operator has what makes these rules wrong', () => {
    const text = rendered.get('config/default') ?? '';
    for (const line of ['readOnlyRootFilesystem: true', 'topologySpreadConstraints:', 'cpu: 20m'])
      expect(text).toContain(line);
  });
});
