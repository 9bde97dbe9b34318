import { describe, expect, it } from '@jest/globals';
import { imageText, parseImage } from '../../../src/policy/image-reference.ts';
import { REFUSED, REFUSED_BY_US, UNDERSTOOD } from './library-answers.ts';

/** The reference written out in full, or why it is none. */
function read(text: string): string {
  const parsed = parseImage(text);
  return parsed.kind === 'understood' ? imageText(parsed.image) : `not understood: ${parsed.why}`;
}

describe('parseImage', () => {
  it.each(UNDERSTOOD)('imageText writes %j out as the library does', (text, full) => {
    expect(read(text)).toBe(full);
    // Written out it stays as it is: nothing can be made something else by being written out twice.
    expect(read(full)).toBe(full);
  });

  it.each([...REFUSED, ...REFUSED_BY_US])('parseImage does not understand %j', (text) => {
    expect(read(text)).toMatch(/^not understood: it/);
  });

  it.each([
    ['busybox', { registry: 'docker.io', path: 'library/busybox', tag: 'latest' }],
    ['localhost:5000/a/b:c', { registry: 'localhost:5000', path: 'a/b', tag: 'c' }],
    [
      `busybox:1@sha256:${'0'.repeat(64)}`,
      { registry: 'docker.io', path: 'library/busybox', digest: `sha256:${'0'.repeat(64)}` },
    ],
  ])('parseImage takes %j apart', (text, image) => {
    expect(parseImage(text)).toEqual({ kind: 'understood', image });
  });

  it.each([
    ['sha256:0123456789ab', 'it is the ID of an image and not a reference'],
    ['a'.repeat(1025), 'it is longer than 1024 characters'],
    ['foo_bar.example/tool', 'its registry is not a host name'],
    ['a'.repeat(250), 'its path is longer than 255 characters'],
    ['Busybox', 'its path is not made of lower-case letters, digits and single separators'],
    ['busybox:', 'its tag is not one'],
    ['busybox@sha1:0', 'its digest is not one of sha256, sha384 or sha512'],
  ])('parseImage says why it does not understand %j', (text, why) => {
    expect(parseImage(text)).toEqual({ kind: 'notUnderstood', why });
  });
});
