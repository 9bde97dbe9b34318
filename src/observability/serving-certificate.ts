import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Logger } from '../runtime/logger.ts';
import { errorMessage } from '../runtime/error-message.ts';
import type { KeyPair } from './self-signed-certificate.ts';

/**
 * How often the files are looked at: cert-manager and the kubelet change them without a word. controller-runtime's
 * certwatcher has the same 10 s.
 */
const LOOK_MS = 10_000;

export interface CertificateFiles {
  cert: string;
  key: string;
}

/**
 * A certificate and its key out of two files.
 * @throws Error that names the file that cannot be read, or both when they do not belong together.
 */
export async function readKeyPair(files: CertificateFiles): Promise<KeyPair> {
  const cert = await readPem(files.cert);
  const key = await readPem(files.key);
  try {
    // An empty certificate passes here, and what follows the first certificate passes there.
    createSecureContext({ cert, key });
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) throw new Error('the key is of another');
  } catch (error) {
    const words = `${files.cert} and ${files.key} are no certificate with its key: ${errorMessage(error)}`;
    throw new Error(words, { cause: error });
  }
  return { cert, key };
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`the certificate cannot be read: ${errorMessage(error)}`, { cause: error });
  }
}

/**
 * Calls `use` with each new certificate that the files have after `current`. Files that cannot be read, or of which one
 * is new already and the other not yet, change nothing: they are looked at again.
 * @returns a function that ends it
 */
export function followKeyPair(
  files: CertificateFiles,
  current: KeyPair,
  { use, logger, lookMs = LOOK_MS }: { use: (pair: KeyPair) => void; logger: Logger; lookMs?: number },
): () => void {
  let failure: string | undefined;
  const look = async (): Promise<void> => {
    try {
      const pair = await readKeyPair(files);
      failure = undefined;
      if (pair.cert === current.cert && pair.key === current.key) return;
      current = pair;
      use(pair);
      logger.info({ file: files.cert }, 'the serving certificate was renewed');
    } catch (error) {
      const err = errorMessage(error);
      if (err !== failure) logger.warn({ err }, 'the serving certificate was not renewed, the old one is kept');
      failure = err;
    }
  };
  const timer = setInterval(() => void look(), lookMs);
  timer.unref();
  return () => clearInterval(timer);
}
