import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { repositoryPath } from '../support/documents/crd.ts';

// What can be seen of the Dockerfile without a registry. That its last stage runs, without a shell and with a root that
// cannot be written to, is shown by test/in-cluster.

const lines = readFileSync(repositoryPath('Dockerfile'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const words = (instruction: string): string[][] =>
  lines.filter((line) => line.startsWith(`${instruction} `)).map((line) => line.split(/\s+/).slice(1));
const lastStage = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));

it('the Dockerfile takes each base image by an argument, whose default is a tag and a digest', () => {
  const bases = words('FROM').map(([base]) => base);
  expect(bases).toEqual(['${BUILD_BASE}', '${BASE}']);
  const defaults = words('ARG').map(([argument = '']) => argument);
  expect(defaults).toEqual([
    expect.stringMatching(/^BUILD_BASE=[a-z./]+\/node:24[\w.-]*@sha256:[0-9a-f]{64}$/),
    expect.stringMatching(/^BASE=[a-z./]+\/nodejs24-[\w.-]+:nonroot@sha256:[0-9a-f]{64}$/),
  ]);
});

it('the Dockerfile needs no shell in its last stage, and runs as a user that is not root', () => {
  expect(lastStage.filter((line) => /^(RUN|SHELL|HEALTHCHECK)\b/.test(line))).toEqual([]);
  expect(lastStage).toContain('USER 65532:65532');
  const [entrypoint] = lastStage.filter((line) => line.startsWith('ENTRYPOINT '));
  expect(JSON.parse(entrypoint?.replace('ENTRYPOINT ', '') ?? '')).toEqual(['/nodejs/bin/node', '/app/main.js']);
});

it('the Dockerfile exposes the ports of the Deployment', () => {
  const deployment = parse(readFileSync(repositoryPath('config/manager/deployment.yaml'), 'utf8')) as {
    spec: { template: { spec: { containers: { ports: { containerPort: number }[] }[] } } };
  };
  const ports = deployment.spec.template.spec.containers.flatMap((container) => container.ports);
  expect(words('EXPOSE').flat()).toEqual(ports.map(({ containerPort }) => String(containerPort)));
});

it('the Dockerfile builds the operator from the files that it copies, and from no others', () => {
  const folder = mkdtempSync(join(tmpdir(), 'debugsession-build-'));
  const allowed = readFileSync(repositoryPath('.dockerignore'), 'utf8').split('\n');
  try {
    for (const source of copiedSources()) {
      expect(allowed).toContain(`!${source}`);
      mkdirSync(dirname(join(folder, source)), { recursive: true });
      cpSync(repositoryPath(source), join(folder, source), { recursive: true });
    }
    // What `npm ci` makes.
    symlinkSync(repositoryPath('node_modules'), join(folder, 'node_modules'));
    const built = spawnSync(process.execPath, ['scripts/build.ts'], { cwd: folder, encoding: 'utf8' });
    expect([built.status, built.stderr]).toEqual([0, '']);
    for (const file of words('COPY')
      .flat()
      .filter((word) => word.startsWith('/src/')))
      expect([file, existsSync(join(folder, file.replace('/src/', '')))]).toEqual([file, true]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** What the build stage copies from the repository. The last word of a COPY is where to. */
function copiedSources(): string[] {
  return words('COPY')
    .filter(([first = '']) => !first.startsWith('--from'))
    .flatMap((copied) => copied.slice(0, -1));
}
