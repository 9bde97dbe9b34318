import { expect, it } from '@jest/globals';
import { tarGz } from '../../../scripts/release/archive.ts';
import { baseOf } from '../../../scripts/release/base-image.ts';
import { ociLayout } from '../../../scripts/release/oci-layout.ts';
import { uuidOf } from '../../../scripts/release/sbom.ts';

const digest = 'a'.repeat(64);

it('a layout has the same bytes in whatever order its blobs are added, and each blob once', () => {
  const layout = (...texts: string[]): Buffer =>
    ociLayout((blobs) => {
      for (const text of texts) blobs.add('text/plain', Buffer.from(text));
      return blobs.addJson('application/json', {});
    });
  expect(layout('one', 'two')).toEqual(layout('two', 'one', 'two'));
  expect(layout('one', 'two')).not.toEqual(layout('one', 'three'));
});

it('an archive has no time of its making in it', () => {
  const entries = [{ kind: 'file', path: 'a', content: 'a' }] as const;
  expect(tarGz(entries)).toEqual(tarGz(entries));
  // The field MTIME of https://www.rfc-editor.org/rfc/rfc1952#section-2.3.
  expect(tarGz(entries).readUInt32LE(4)).toBe(0);
});

it('the base image is the one that the Dockerfile pins, and one without a digest is refused', () => {
  expect(baseOf(`ARG BUILD_BASE=a@sha256:${digest}\nARG BASE=b/c:d@sha256:${digest}\n`)).toEqual({
    name: 'b/c:d',
    digest,
  });
  expect(() => baseOf('ARG BASE=b/c:d\n')).toThrow('the Dockerfile names no BASE with a digest');
});

it('equal texts have equal UUIDs, of version 8', () => {
  expect(uuidOf('a')).toBe(uuidOf('a'));
  expect(uuidOf('a')).not.toBe(uuidOf('b'));
  expect(uuidOf('a')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
