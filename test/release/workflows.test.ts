import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { cachePaths } from '../cluster/paths.ts';
import { silent } from '../cluster/progress.ts';
import { run } from '../cluster/run-program.ts';
import { ensureTool, TOOLS } from '../cluster/tools.ts';
import { repositoryPath } from '../support/documents/crd.ts';

const FOLDER = '.github/workflows';
const workflows = readdirSync(repositoryPath(FOLDER));
const text = (name: string): string => readFileSync(repositoryPath(`${FOLDER}/${name}`), 'utf8');
let actionlint: string;

beforeAll(async () => {
  actionlint = await ensureTool('actionlint', cachePaths(process.env), silent);
});

/** Without shellcheck and pyflakes, which not every machine has. */
function lint(input: string): ReturnType<typeof run> {
  return run([actionlint, '-no-color', '-shellcheck=', '-pyflakes=', '-'], { input });
}

describe('workflows', () => {
  it.each(workflows)('actionlint finds nothing in %s', async (name) => {
    expect(await lint(text(name))).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('actionlint would find a job that needs another that is not there', async () => {
    const { code, stdout } = await lint(text('check.yaml').replace('    steps:', '    needs: nothing\n    steps:'));
    expect([code, stdout]).toEqual([1, expect.stringContaining('"nothing"')]);
  });

  it.each(workflows)('%s pins every action by a commit and names its version beside it', (name) => {
    const uses = text(name)
      .split('\n')
      .filter((line) => line.includes('uses:'));
    expect(uses.length).toBeGreaterThan(0);
    for (const line of uses) expect(line).toMatch(/uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it.each(workflows)('%s has only the rights that it names, and runs no text of a stranger in a shell', (name) => {
    const { permissions, jobs } = parse(text(name)) as { permissions?: object; jobs: Record<string, Job> };
    expect(Object.values(permissions ?? { missing: 'write' })).not.toContain('write');
    const scripts = Object.values(jobs).flatMap(({ steps }) => steps.map((step) => step.run ?? ''));
    for (const script of scripts) expect(script).not.toContain('${{');
  });

  it.each(workflows)('every target of make in %s is there', (name) => {
    const makefile = readFileSync(repositoryPath('Makefile'), 'utf8');
    const targets = [...text(name).matchAll(/\bmake ([a-z-]+)/g)].map(([, target = '']) => target);
    expect(targets.length).toBeGreaterThan(0);
    for (const target of targets) expect(makefile).toMatch(new RegExp(`^${target}:`, 'm'));
  });

  interface Job {
    steps: { run?: string }[];
  }
});

it('the workflow of a release signs by the command that docs/releasing.md names', () => {
  const command = /cosign attest-blob .*/.exec(readFileSync(repositoryPath('docs/releasing.md'), 'utf8'))?.[0] ?? '-';
  expect(text('release.yaml')).toContain(command);
});

describe('updates of dependencies', () => {
  interface Update {
    'package-ecosystem': string;
    directory?: string;
    directories?: string[];
  }

  it('dependabot looks into folders that have what it looks for', () => {
    const { updates } = parse(readFileSync(repositoryPath('.github/dependabot.yml'), 'utf8')) as { updates: Update[] };
    const files: Record<string, string> = {
      npm: 'package-lock.json',
      docker: 'Dockerfile',
      gomod: 'go.mod',
      'github-actions': FOLDER,
    };
    for (const update of updates) {
      const folders = update.directories ?? [update.directory ?? ''];
      for (const folder of folders) {
        const path = `.${folder}/${files[update['package-ecosystem']] ?? '-'}`;
        expect([path, existsSync(repositoryPath(path))]).toEqual([path, true]);
      }
    }
    const looked = updates.flatMap(({ directories }) => directories ?? []);
    for (const tool of TOOLS) expect(looked).toContain(`/test/cluster/modules/${tool}`);
  });
});

it.each(['fault.yaml', 'idea.yaml'])('the issue form %s has fields with ids of their own', (name) => {
  const file = repositoryPath(`.github/ISSUE_TEMPLATE/${name}`);
  const form = parse(readFileSync(file, 'utf8')) as {
    name: string;
    description: string;
    body: { type: string; id?: string }[];
  };
  expect([form.name, form.description].every((one) => one.length > 0)).toBe(true);
  const ids = form.body.filter(({ type }) => type !== 'markdown').map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).not.toContain(undefined);
});
