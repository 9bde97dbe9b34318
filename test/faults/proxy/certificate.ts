import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustRun } from '../../cluster/run-program.ts';

/** A key and a certificate for 127.0.0.1, which is its own authority. PEM. */
export interface Certificate {
  key: string;
  cert: string;
}

/** @throws Error with the words of openssl */
export async function makeCertificate(): Promise<Certificate> {
  const folder = mkdtempSync(join(tmpdir(), 'debugsession-proxy-'));
  try {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'key'];
    const name = ['-subj', '/CN=debugsession-fault-proxy', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
    await mustRun(['openssl', 'req', '-x509', ...key, ...name, '-out', 'cert'], { cwd: folder });
    return { key: readFileSync(join(folder, 'key'), 'utf8'), cert: readFileSync(join(folder, 'cert'), 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
