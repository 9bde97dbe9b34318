import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from '@jest/globals';
import { DEFAULT_IMAGE } from '../../../src/plugin/choose.ts';
import { CONNECTION_FLAGS } from '../../../src/plugin/connection-flags.ts';
import { program } from '../../../src/plugin/program.ts';
import { repositoryPath } from '../../support/documents/crd.ts';

const page = readFileSync(repositoryPath('docs/kubectl-dbg.md'), 'utf8');

const root = program({
  desk: () => {
    throw new Error('help needs no cluster');
  },
  command: undefined,
  done: () => undefined,
});

/** The verbs by name. `help` is commander's own. */
const verbs = new Map(root.commands.map((verb) => [verb.name(), verb]));

/** The sections of the page by the verb of their heading. */
const sections = new Map(
  page
    .split(/^### `kubectl dbg /m)
    .slice(1)
    .map((text) => [/^[\w-]+/.exec(text)?.[0] ?? '', text.split(/^## /m)[0] ?? '']),
);

/** Every flag of a text in the way of help: `-c`, `--container`. */
function flagsIn(text: string): string[] {
  const rows = text.split('\n').filter((line) => line.startsWith('| `-'));
  return rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(--?[\w-]+)/g)].map(([, flag]) => flag ?? ''));
}

function flagsOf(verb: Command): string[] {
  return verb.options.flatMap(({ short, long }) => [short, long].filter((flag) => flag !== undefined && flag !== null));
}

describe('docs/kubectl-dbg.md', () => {
  it('docs/kubectl-dbg.md has a section for every verb, and no other section', () => {
    expect([...sections.keys()].sort()).toEqual([...verbs.keys()].sort());
    expect(verbs.size).toBeGreaterThan(10);
  });

  it.each([...verbs.keys()])('docs/kubectl-dbg.md has every flag of %s, and no other flag', (name) => {
    const verb = verbs.get(name);
    expect(flagsIn(sections.get(name) ?? '').sort()).toEqual(verb === undefined ? [] : flagsOf(verb).sort());
  });

  it('docs/kubectl-dbg.md has every flag of the connection, and no other flag', () => {
    const [, section = ''] = page.split('## The cluster, and who you are');
    const known = CONNECTION_FLAGS.flatMap(({ long, short }) => [
      `--${long}`,
      ...(short === undefined ? [] : [`-${short}`]),
    ]);
    const shown = [...(section.split('\n## ')[0] ?? '').matchAll(/`(--?[\w-]+)`/g)].map(([, flag]) => flag ?? '');
    expect(shown.sort()).toEqual(known.sort());
  });

  it('docs/kubectl-dbg.md and the help name the default image', () => {
    expect(sections.get('start')).toContain(DEFAULT_IMAGE);
    expect(verbs.get('start')?.helpInformation()).toContain(DEFAULT_IMAGE);
  });
});

it('--help shows the verbs before the flags of the connection', () => {
  const help = root.helpInformation();
  expect(help.indexOf('Commands:')).toBeGreaterThan(0);
  expect(help.indexOf('--kubeconfig')).toBeGreaterThan(help.indexOf('completion'));
});
