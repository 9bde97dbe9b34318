import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage } from '../runtime/error-message.ts';
import { keyOf } from './signature.ts';

/** Who is told, and by which key. */
export interface Settings {
  receivers: readonly URL[];
  key: Buffer;
  /** PEM. Absent: the certificate authorities that Node knows. */
  ca: string | undefined;
}

/** The keys of the Secret, which are the files of the folder where it is mounted. */
export const URLS = 'urls';
export const HMAC_KEY = 'hmac-key';
export const CA = 'ca.crt';

const MAX_RECEIVERS = 10;
/** Of the key. RFC 2104, section 3, advises against less than the hash has; half of it still cannot be guessed. */
const MIN_KEY_BYTES = 16;
const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost'];

/**
 * Reads the folder of the Secret.
 * @throws Error that names the file and, of a URL, the line: never what is in it, because a URL can hold a token
 */
export async function readSettings(folder: string): Promise<Settings> {
  const [urls, key, ca] = await Promise.all([
    read(folder, URLS),
    read(folder, HMAC_KEY),
    read(folder, CA).catch(() => undefined),
  ]);
  const bytes = keyOf(key.trim());
  if (bytes.length < MIN_KEY_BYTES)
    throw new Error(`${join(folder, HMAC_KEY)} has ${bytes.length} bytes: it needs ${MIN_KEY_BYTES} or more`);
  return { receivers: receiversOf(urls, join(folder, URLS)), key: bytes, ca };
}

async function read(folder: string, name: string): Promise<string> {
  const file = join(folder, name);
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new Error(`${file} cannot be read: ${errorMessage(error)}`);
  });
}

function receiversOf(text: string, file: string): URL[] {
  const lines = text.split(/\r?\n/).map((line, index) => ({ line: line.trim(), number: index + 1 }));
  const wanted = lines.filter(({ line }) => line !== '' && !line.startsWith('#'));
  const receivers = wanted.map(({ line, number }) => receiverOf(line, `${file}, line ${number}`));
  if (receivers.length === 0) throw new Error(`${file} has no URL: write one a line`);
  if (receivers.length > MAX_RECEIVERS)
    throw new Error(`${file} has ${receivers.length} URLs: it may have ${MAX_RECEIVERS}`);
  return receivers;
}

function receiverOf(line: string, where: string): URL {
  const url = URL.canParse(line) ? new URL(line) : undefined;
  if (url === undefined) throw new Error(`${where}: this is no URL`);
  const isPlain = url.protocol === 'http:' && LOOPBACK.includes(url.hostname);
  if (url.protocol !== 'https:' && !isPlain)
    throw new Error(`${where}: the URL must begin with https:// (http:// is for 127.0.0.1, [::1] and localhost only)`);
  if (url.username !== '' || url.password !== '')
    throw new Error(`${where}: the URL has a user or password: leave them out`);
  url.hash = '';
  return url;
}
