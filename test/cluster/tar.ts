/**
 * A file of an archive or of an image. Times and owners are always the same, so that equal content gives equal bytes.
 */
export type Entry =
  | { readonly kind: 'file'; readonly path: string; readonly content: Buffer | string; readonly mode?: number }
  | { readonly kind: 'directory'; readonly path: string; readonly mode?: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

const block = 512;
const typeFlags = { file: '0', directory: '5', link: '2' } as const;

/**
 * Writes a tar archive in POSIX ustar format: the entries in the order given, owner root, time 0. Pure.
 * @throws Error for a path of more than 100 bytes.
 */
export function tar(entries: readonly Entry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const content = entry.kind === 'file' ? Buffer.from(entry.content) : Buffer.alloc(0);
    return [header(entry, content.length), content, Buffer.alloc((block - (content.length % block)) % block)];
  });
  // The end of an archive is two blocks of zeroes.
  return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}

function header(entry: Entry, size: number): Buffer {
  const path = entry.kind === 'directory' ? `${entry.path}/` : entry.path;
  const target = entry.kind === 'link' ? entry.target : '';
  for (const text of [path, target]) {
    if (Buffer.byteLength(text) > 100) throw new Error(`${text} is too long for a plain tar header (100 bytes)`);
  }
  const result = Buffer.alloc(block);
  result.write(path, 0);
  writeOctal(result, 100, 8, mode(entry));
  writeOctal(result, 108, 8, 0);
  writeOctal(result, 116, 8, 0);
  writeOctal(result, 124, 12, size);
  writeOctal(result, 136, 12, 0);
  result.write('        ', 148);
  result.write(typeFlags[entry.kind], 156);
  result.write(target, 157);
  result.write('ustar\u000000', 257);
  // The checksum is taken with its own field full of spaces.
  writeOctal(
    result,
    148,
    7,
    result.reduce((sum, byte) => sum + byte, 0),
  );
  return result;
}

function mode(entry: Entry): number {
  if (entry.kind === 'link') return 0o777;
  return entry.mode ?? (entry.kind === 'directory' ? 0o755 : 0o644);
}

function writeOctal(target: Buffer, offset: number, length: number, value: number): void {
  target.write(`${value.toString(8).padStart(length - 1, '0')}\0`, offset);
}
