import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Condition, Phase } from '../../src/api/debugsession.ts';
import { PROFILE_NAMES, PROFILES } from '../../src/api/profiles.ts';
import { PLACES, type ReasonPlace, type ReasonRow, REASONS } from '../../src/api/reason-catalogue.ts';
import { compare, GENERATED } from '../../scripts/docs.ts';
import {
  debugPolicySchema,
  debugSessionSchema,
  repositoryPath,
  type Schema,
  walkSchema,
} from '../support/documents/crd.ts';
import { reasonsInCode } from '../support/documents/reasons-in-code.ts';
import { missingRows } from '../support/world/reasons-in-place.ts';

const entries = Object.entries(REASONS) as [string, { kind: string } & { [place in ReasonPlace]?: ReasonRow }][];
const places = Object.keys(PLACES) as ReasonPlace[];

describe('the catalogue of reasons', () => {
  it('the catalogue has every reason that the code can write', () => {
    const written = [...reasonsInCode()];
    expect(written.length).toBeGreaterThan(40);
    const unknown = written.filter(([reason]) => !Object.hasOwn(REASONS, reason));
    const said = unknown.map(([reason, files]) => `${reason} (${files.join(', ')})`);
    // Add the reason to src/api/reason-catalogue.ts, or the word to test/support/documents/reasons-in-code.ts.
    expect(said).toEqual([]);
  });

  it('the catalogue has no reason that the code does not write', () => {
    const written = reasonsInCode();
    // Words that are a reason and something else as well.
    const both = ['Failed', 'Unknown', 'Ended'];
    expect(
      entries.map(([reason]) => reason).filter((reason) => !written.has(reason) && !both.includes(reason)),
    ).toEqual([]);
  });

  it('the catalogue has no reason that no test names', () => {
    const tests = filesIn('test').filter(
      (file) => file.endsWith('.test.ts') && file !== 'test/unit/catalogues.test.ts',
    );
    const words = new Set(
      tests.flatMap((file) => readFileSync(repositoryPath(file), 'utf8').match(/\b[A-Z]\w+/g) ?? []),
    );
    expect(entries.map(([reason]) => reason).filter((reason) => !words.has(reason))).toEqual([]);
  });

  it.each(entries)(
    'the catalogue says of the reason %s where it stands, what it means and with which status',
    (_, entry) => {
      const rows = places.flatMap((place) => (entry[place] === undefined ? [] : [{ place, row: entry[place] }]));
      expect(rows.length).toBeGreaterThan(0);
      const faulty = rows.filter(({ place, row }) => {
        const hasStatus = PLACES[place].columns.some((column) => ['status', 'type', 'of'].includes(column));
        return row.meaning === '' || row.meaning.includes('|') || (row.with !== undefined) !== hasStatus;
      });
      expect(faulty).toEqual([]);
    },
  );
});

describe('a status with a reason', () => {
  const said = (phase: Phase, type: string, status: Condition['status'], reason: string): string =>
    missingRows(phase, [
      { type, status, reason, message: 'm', observedGeneration: 1, lastTransitionTime: '2026-01-01T00:00:00Z' },
    ]).join();

  it('a status is sound when its reason stands where the catalogue has it', () => {
    expect(said('Pending', 'Injected', 'False', 'PodNotFound')).toBe('');
    expect(said('Failed', 'Failed', 'True', 'PodSecurityDenied')).toBe('');
    expect(said('Completed', 'StopConfirmed', 'True', 'Terminated')).toBe('');
  });

  it.each<[Phase, string, Condition['status'], string, string]>([
    ['Pending', 'Injected', 'False', 'Brandnew', 'lacks an entry Brandnew'],
    ['Pending', 'Injected', 'False', 'toString', 'lacks an entry toString'],
    ['Pending', 'Injected', 'False', 'StaticPod', 'lacks a row of StaticPod under waiting'],
    [
      'Failed',
      'Failed',
      'True',
      'NoReadyPod',
      'lacks a row of NoReadyPod under beforeInjection or refused or notStarted',
    ],
    ['Completed', 'StopConfirmed', 'True', 'NoRoute', 'lacks a row of NoRoute under stopConfirmed'],
  ])(
    'the check of a status (%s, %s=%s %s) tells what the catalogue lacks',
    (...[phase, type, status, reason, message]) => {
      expect(said(phase, type, status, reason)).toContain(message);
    },
  );
});

it.each([...GENERATED.keys()])('the file %s is what `npm run docs` writes', (file) => {
  const { is, shouldBe } = compare(file);
  const [old, wanted] = [is, shouldBe].map((text) => text.split('\n'));
  const lacks = wanted?.filter((line) => old?.includes(line) !== true) ?? [];
  // To put them right: npm run docs
  expect({ file, lacks }).toEqual({ file, lacks: [] });
  expect(is).toBe(shouldBe);
});

function filesIn(folder: string): string[] {
  const all = readdirSync(repositoryPath(folder), { recursive: true, encoding: 'utf8' });
  return all.filter((file) => /\.(?:ts|md|ya?ml|json)$/.test(file)).map((file) => join(folder, file));
}

/**
 * The lines at which a list of all profiles begins: all their names on one line, or on lines that follow each other.
 */
function listsOfProfiles(text: string): number[] {
  const lines = text.split('\n').map((line) => PROFILE_NAMES.filter((name) => new RegExp(`\\b${name}\\b`).test(line)));
  const found: number[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const names = new Set<string>();
    let end = at;
    while ((lines[end]?.length ?? 0) > 0 && names.size < PROFILE_NAMES.length)
      for (const name of lines[end++] ?? []) names.add(name);
    if (names.size < PROFILE_NAMES.length) continue;
    found.push(at + 1);
    at = end - 1;
  }
  return found;
}

describe('the catalogue of profiles', () => {
  it('the CRDs allow the profiles of the catalogue, wherever they name a profile', () => {
    const lists: string[][] = [];
    const collect = (_: string, { enum: names }: Schema): void => {
      if (names?.includes('general') === true) lists.push(names);
    };
    walkSchema(debugSessionSchema(), collect);
    walkSchema(debugPolicySchema(), collect);
    expect(lists).toEqual([PROFILE_NAMES, PROFILE_NAMES, PROFILE_NAMES]);
    expect(debugPolicySchema().properties?.['spec']?.properties?.['profiles']?.maxItems).toBe(PROFILE_NAMES.length);
  });

  it('the CRD of DebugSession explains every profile of the catalogue', () => {
    const text = debugSessionSchema().properties?.['spec']?.properties?.['profile']?.description ?? '';
    const lacks = PROFILE_NAMES.filter(
      (name) => !text.includes(`${name} adds ${PROFILES[name].adds.replaceAll('`', '')}`),
    );
    expect(lacks).toEqual([]);
  });

  it('the files list all profiles only where `npm run docs` writes them', () => {
    const lists = ['README.md', ...['bench', 'config', 'crds', 'docs', 'scripts', 'src', 'test'].flatMap(filesIn)]
      .filter((file) => !file.startsWith('docs/adr/'))
      .flatMap((file) => listsOfProfiles(readFileSync(repositoryPath(file), 'utf8')).map((line) => ({ file, line })));
    const [written, byHand] = [true, false].map((isWritten) =>
      lists.filter(({ file }) => GENERATED.has(file) === isWritten),
    );
    // To put it right: lead the reader to docs/debugsession.md#specprofile, or read PROFILE_NAMES of
    // src/api/profiles.ts.
    expect(byHand).toEqual([]);
    expect(written?.map(({ file }) => file).toSorted()).toEqual([
      'crds/debugpolicies.debugsession.dev.yaml',
      ...Array.from({ length: 3 }, () => 'crds/debugsessions.debugsession.dev.yaml'),
      'docs/debugsession.md',
    ]);
  });

  it('the profiles that are privileged need the level privileged', () => {
    const privileged = PROFILE_NAMES.filter((name) => 'privileged' in (PROFILES[name].securityContext ?? {}));
    expect(privileged).toContain('sysadmin');
    expect(privileged.filter((name) => PROFILES[name].level !== 'privileged')).toEqual([]);
  });
});
