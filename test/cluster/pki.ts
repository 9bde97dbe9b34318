import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Instance } from './instance.ts';
import { mustRun } from './run-program.ts';

const days = '365';

interface Certificate {
  readonly name: string;
  readonly subject: string;
  /** In OpenSSL's notation: IP:..., DNS:... */
  readonly alternativeNames?: readonly string[];
}

/**
 * The users that have a client certificate, each with a kubeconfig of the same name. The subjects are the roles of the
 * Kubernetes docs "PKI certificates and requirements".
 */
export const certificateUsers: readonly Certificate[] = [
  { name: 'admin', subject: '/O=system:masters/CN=admin' },
  { name: 'controller-manager', subject: '/CN=system:kube-controller-manager' },
  { name: 'scheduler', subject: '/CN=system:kube-scheduler' },
  { name: 'proxy', subject: '/CN=system:kube-proxy' },
];

/** Makes the certificate authority, all certificates and the service account key, unless they stand already. */
export async function ensurePki(instance: Instance, folder: string): Promise<void> {
  const done = join(folder, 'done');
  if (existsSync(done)) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const own = [`IP:${instance.nodeAddress}`, 'IP:127.0.0.1'];
  const names = ['DNS:localhost', 'DNS:kubernetes', 'DNS:kubernetes.default', 'DNS:kubernetes.default.svc'];
  makeKey(join(folder, 'ca.key'));
  await mustRun(
    [
      'openssl',
      'req',
      '-x509',
      '-new',
      '-key',
      'ca.key',
      '-out',
      'ca.crt',
      '-days',
      days,
      '-subj',
      '/CN=debugsession-test-ca',
    ],
    { cwd: folder },
  );
  await Promise.all(
    [
      ...certificateUsers,
      {
        name: 'server',
        subject: '/CN=kube-apiserver',
        alternativeNames: [...own, `IP:${instance.apiServiceAddress}`, ...names],
      },
      {
        name: 'node',
        subject: `/O=system:nodes/CN=system:node:${instance.nodeName}`,
        // logs, exec and attach: the API server checks the kubelet's certificate against the node's address.
        alternativeNames: [...own, `DNS:${instance.nodeName}`],
      },
    ].map((certificate) => sign(folder, certificate)),
  );
  const publicKey = makeKey(join(folder, 'service-account.key'));
  writeFileSync(join(folder, 'service-account.pub'), publicKey);
  writeFileSync(done, '');
}

async function sign(folder: string, { name, subject, alternativeNames = [] }: Certificate): Promise<void> {
  makeKey(join(folder, `${name}.key`));
  const extensions = ['extendedKeyUsage=serverAuth,clientAuth'];
  if (alternativeNames.length > 0) extensions.push(`subjectAltName=${alternativeNames.join(',')}`);
  writeFileSync(join(folder, `${name}.ext`), `${extensions.join('\n')}\n`);
  const request = await mustRun(['openssl', 'req', '-new', '-key', `${name}.key`, '-subj', subject], { cwd: folder });
  const serial = `0x${randomBytes(15).toString('hex')}`;
  await mustRun(
    ['openssl', 'x509', '-req', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-set_serial', serial, '-days', days].concat([
      ...['-extfile', `${name}.ext`, '-out', `${name}.crt`],
    ]),
    { cwd: folder, input: request },
  );
}

/** Writes a new private key, readable by its owner only. @returns the public key. */
function makeKey(file: string): string {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(file, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}
