import fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { aSession } from '../../support/builders/builders.ts';
import { evaluate } from '../../../src/policy/evaluate.ts';
import { globMatches } from '../../../src/policy/glob.ts';
import { imageMatches, patternFault } from '../../../src/policy/image-pattern.ts';
import { parseImage } from '../../../src/policy/image-reference.ts';
import { EVASIONS, TAG_RULE } from './evasions.ts';
import { REFUSED, REFUSED_BY_US, UNDERSTOOD } from './library-answers.ts';
import { patient } from '../../support/patience.ts';

const HEX = '0123456789abcdef'.repeat(4);
const DIGEST = `sha256:${HEX}`;
const DIGEST_RULE = 'docker.io/library/busybox@sha256:*';

function matches(pattern: string, reference: string): boolean {
  const parsed = parseImage(reference);
  return parsed.kind === 'understood' && imageMatches(pattern, parsed.image);
}

describe('two rules for busybox, one for tags and one for digests', () => {
  it.each([
    'busybox',
    'busybox:1.36',
    'busybox:latest',
    'library/busybox:1',
    'docker.io/busybox',
    'docker.io/library/busybox:1.36',
    'index.docker.io/busybox:1.36',
    'index.docker.io/library/busybox',
    `busybox:${'a'.repeat(128)}`,
  ])('the rule for tags alone matches %s', (reference) => {
    expect(matches(TAG_RULE, reference)).toBe(true);
    expect(matches(DIGEST_RULE, reference)).toBe(false);
  });

  it.each([
    `busybox@${DIGEST}`,
    `busybox:1.36@${DIGEST}`,
    `library/busybox@${DIGEST}`,
    `docker.io/library/busybox:latest@${DIGEST}`,
    `index.docker.io/busybox@${DIGEST}`,
  ])('the rule for digests alone matches %s', (reference) => {
    expect(matches(TAG_RULE, reference)).toBe(false);
    expect(matches(DIGEST_RULE, reference)).toBe(true);
  });

  it.each(EVASIONS)('the rules for busybox do not match %s', (_, reference) => {
    expect(matches(TAG_RULE, reference)).toBe(false);
    expect(matches(DIGEST_RULE, reference)).toBe(false);
  });
});

describe('imageMatches', () => {
  it.each([
    ['registry.example/debug/*:*', 'registry.example/debug/tool:1'],
    ['registry.example/*/tool:*', 'registry.example/team/tool'],
    ['registry.example/debug/net-*:v1.*', 'registry.example/debug/net-tools:v1.2'],
    ['registry.example/debug/*-*-x:*', 'registry.example/debug/a-b-c-x:1'],
    ['registry.example/**:*', 'registry.example/a'],
    ['registry.example/**:*', 'registry.example/a/b/c:1'],
    ['registry.example/a/**:*', 'registry.example/a/b/c:1'],
    ['registry.example:5000/a:1', 'registry.example:5000/a:1'],
    // Only Docker Hub itself, which has no port, has images of a single name.
    ['docker.io:5000/a:*', 'docker.io:5000/a:1'],
    ['docker.io/**:*', 'busybox'],
    ['docker.io/*/*:*', 'busybox'],
    ['*.example/**:*', 'registry.example/a'],
    ['*.example/**:*', 'a.b.example/a'],
    ['*/**:*', 'registry.example/a/b:1'],
    ['*/**:*', 'busybox'],
    ['*/**:*', 'localhost/a'],
    ['*/**@*:*', `a.example/a:1@${DIGEST}`],
    [`registry.example/a@${DIGEST}`, `registry.example/a@${DIGEST}`],
    ['registry.example/a@sha512:*', `registry.example/a@sha512:${HEX}${HEX}`],
    ['registry.example/a@sha256:0123*', `registry.example/a@${DIGEST}`],
    ['registry.example/a:LATEST', 'registry.example/a:LATEST'],
  ])('the pattern %s describes %s', (pattern, reference) => {
    expect(patternFault(pattern)).toBeUndefined();
    expect(matches(pattern, reference)).toBe(true);
  });

  it.each([
    ['registry.example/debug/*:*', 'registry.example/debug/a/b:1'],
    ['registry.example/debug/*:*', 'registry.example/debug:1'],
    ['registry.example/*/tool:*', 'registry.example/a/b/tool'],
    ['registry.example/a/**:*', 'registry.example/a'],
    ['registry.example/a/**:*', 'registry.example/ab/c'],
    ['registry.example/**:1', 'registry.example/a:2'],
    ['registry.example/a:1', 'registry.example:5000/a:1'],
    ['registry.example:5000/a:1', 'registry.example/a:1'],
    ['registry.example:5000/a:1', 'registry.example:50000/a:1'],
    ['*.example/**:*', 'example/a:1'],
    ['*.example/**:*', 'evilexample/a:1'],
    ['*.example/**:*', 'registry.example:5000/a:1'],
    ['*.example/**:*', 'registry.example.evil/a:1'],
    ['*/**:*', 'registry.example:5000/a:1'],
    ['*/**:*', '[::1]/a:1'],
    ['*/**:*', `a.example/a@${DIGEST}`],
    ['*/**@*:*', 'a.example/a:1'],
    ['*/**@sha256:*', `a.example/a@sha512:${HEX}${HEX}`],
    ['registry.example/a@sha256:1*', `registry.example/a@${DIGEST}`],
    ['registry.example/a:latest', 'registry.example/a:LATEST'],
    ['registry.example/a:latest', 'registry.example/a:1'],
    ['registry.example/a:*1*1', 'registry.example/a:1'],
  ])('the pattern %s does not describe %s', (pattern, reference) => {
    expect(patternFault(pattern)).toBeUndefined();
    expect(matches(pattern, reference)).toBe(false);
  });

  it.each([
    ['busybox', 'busybox', /^must be a whole reference/],
    ['*', 'busybox', /^must be a whole reference/],
    ['docker.io/library/busybox', 'busybox', /^must be a whole reference/],
    ['registry.*/a:*', 'registry.example/a:1', /^must be a whole reference/],
    ['registry*.example/a:*', 'registry1.example/a:1', /^must be a whole reference/],
    ['**.example/a:*', 'a.example/a:1', /^must be a whole reference/],
    ['*:5000/a:*', 'a:5000/a:1', /^must be a whole reference/],
    ['registry.example:*/a:*', 'registry.example:1/a:1', /^must be a whole reference/],
    ['Docker.io/library/busybox:*', 'Docker.io/library/busybox:1', /^must be a whole reference/],
    ['registry.example/a:*@sha256:*', `registry.example/a:1@${DIGEST}`, /^must be a whole reference/],
    ['registry.example/(a|b)+:*', 'registry.example/a:1', /^must be a whole reference/],
    ['registry.example/a:*\n', 'registry.example/a:1', /^must be a whole reference/],
    ['registry.example/**/a:*', 'registry.example/b/a:1', /^\*\* stands for the end/],
    ['registry.example/a**:*', 'registry.example/ab:1', /^\*\* stands for the end/],
    ['registry.example/a:**', 'registry.example/a:1', /^\*\* stands for the end/],
    ['registry.example/***:*', 'registry.example/a:1', /^\*\* stands for the end/],
    ['docker.io/busybox:*', 'busybox', /^an image of docker\.io is written/],
    ['docker.io/*:*', 'busybox', /^an image of docker\.io is written/],
    ['index.docker.io/library/busybox:*', 'busybox', /^an image of docker\.io is written/],
    [`registry.example/${'a'.repeat(500)}:*`, `registry.example/${'a'.repeat(500)}:1`, /^may not be more than 512/],
  ])('the text %j is no pattern and describes nothing', (pattern, reference, fault) => {
    expect(patternFault(pattern)).toMatch(fault);
    expect(matches(pattern, reference)).toBe(false);
  });

  it('a pattern of 512 characters is a pattern', () => {
    const most = `registry.example/${'a'.repeat(493)}:*`;
    expect(most).toHaveLength(512);
    expect(patternFault(most)).toBeUndefined();
  });

  it('a match is not slow with any pattern and reference', () => {
    const pattern = `registry.example/${'*a'.repeat(240)}*b:${'*'}`;
    const started = performance.now();
    for (let round = 0; round < 1000; round++) {
      expect(globMatches(`${'*a'.repeat(240)}*b`, 'a'.repeat(1000))).toBe(false);
      expect(matches(pattern, `registry.example/${'a'.repeat(255)}`)).toBe(false);
      parseImage(`${'a-'.repeat(511)}/`);
      parseImage(`${'a.'.repeat(511)}!/x`);
      parseImage(`x/${'a-'.repeat(120)}!`);
    }
    // Backtracking would take longer than the universe has been there.
    expect(performance.now() - started).toBeLessThan(patient(10_000));
  });
});

describe('any text', () => {
  const pieces = fc.constantFrom(
    ...['docker.io', 'index.docker.io', 'library', 'busybox', 'evil.example', 'localhost', 'latest', 'sha256', HEX],
    ...['/', ':', '@', '.', '-', '_', '*', '**', '5000', '', ' ', '\n', 'A', '\u043e', '..'],
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces, { maxLength: 9 }).map((parts) => parts.join('')),
  );
  const patterns = fc.oneof(texts, fc.constantFrom(TAG_RULE, DIGEST_RULE, '*/**:*', '*/**@*:*', 'docker.io/**:*'));

  it('reading and matching never throw, and a pattern that is not understood matches nothing', () => {
    fc.assert(
      fc.property(patterns, texts, (pattern, reference) => {
        const fault = patternFault(pattern);
        const parsed = parseImage(reference);
        if (parsed.kind === 'notUnderstood') expect(parsed.why).not.toBe('');
        else if (imageMatches(pattern, parsed.image)) expect(fault).toBeUndefined();
      }),
    );
  });

  it('a policy without patterns allows no image, and other policies allow what a pattern describes', () => {
    fc.assert(
      fc.property(fc.array(patterns), texts, (images, reference) => {
        const namespace = { name: 'shop', isSystem: false };
        const asked = { spec: aSession({ image: reference }).spec, namespace };
        const rest = { profiles: ['general' as const] };
        expect(evaluate(rest, asked)).toHaveLength(1);
        const parsed = parseImage(reference);
        const allowed = parsed.kind === 'understood' && images.some((pattern) => imageMatches(pattern, parsed.image));
        expect(evaluate({ ...rest, images }, asked)).toHaveLength(allowed ? 0 : 1);
      }),
    );
  });

  it('a glob matches the same texts as a regular expression of the same meaning', () => {
    const ab = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
    const glob = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 6 });
    fc.assert(
      fc.property(glob, ab, (pattern, text) => {
        expect(globMatches(pattern, text)).toBe(new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('the open patterns describe every image that is understood and has no port', () => {
    for (const [reference] of UNDERSTOOD) {
      const parsed = parseImage(reference);
      const hasPort = parsed.kind === 'understood' && parsed.image.registry.includes(':');
      expect([reference, matches('*/**:*', reference) || matches('*/**@*:*', reference)]).toEqual([
        reference,
        !hasPort,
      ]);
    }
    for (const reference of [...REFUSED, ...REFUSED_BY_US]) {
      expect(matches('*/**:*', reference) || matches('*/**@*:*', reference)).toBe(false);
    }
  });
});
