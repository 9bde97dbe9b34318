import { gzipSync } from 'node:zlib';
import { type Entry, tar } from '../../test/cluster/tar.ts';

/** A .tar.gz without times, owners and names of this machine: equal entries give equal bytes. */
export function tarGz(entries: readonly Entry[]): Buffer {
  return gzipSync(tar(entries), { level: 9 });
}
