import { X509Certificate, createPrivateKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { listen, type Listener } from '../../../src/observability/http-listener.ts';
import { selfSignedCertificate, type KeyPair } from '../../../src/observability/self-signed-certificate.ts';
import { followKeyPair, readKeyPair } from '../../../src/observability/serving-certificate.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { patient } from '../../support/patience.ts';

const now = new Date('2026-12-31T23:30:00Z');
const make = (hostname = 'web-0'): KeyPair => selfSignedCertificate({ hostname, now, days: 365 });

describe('a self-signed certificate', () => {
  it('a self-signed certificate is valid for OpenSSL, names the server and fits its key', () => {
    const { cert, key } = make();
    const certificate = new X509Certificate(cert);
    expect(certificate).toMatchObject({
      subject: 'CN=web-0',
      issuer: 'CN=web-0',
      subjectAltName: 'DNS:localhost, DNS:web-0, IP Address:127.0.0.1',
      ca: false,
      keyUsage: ['1.3.6.1.5.5.7.3.1'],
    });
    expect(certificate.validFromDate).toEqual(new Date('2026-12-31T22:30:00Z'));
    expect(certificate.validToDate).toEqual(new Date('2027-12-31T23:30:00Z'));
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
  });

  it('a self-signed certificate has a new number and a new key each time', () => {
    const [one, other] = [new X509Certificate(make().cert), new X509Certificate(make().cert)];
    expect(one.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
    expect(one.serialNumber).not.toBe(other.serialNumber);
    expect(one.publicKey.equals(other.publicKey)).toBe(false);
  });

  it('a self-signed certificate is right beyond 2049 and with a long name', () => {
    const hostname = 'x'.repeat(253);
    const { cert } = selfSignedCertificate({ hostname, now: new Date('2049-06-01T00:00:00Z'), days: 365 });
    const certificate = new X509Certificate(cert);
    expect(certificate.validFromDate.getUTCFullYear()).toBe(2049);
    expect(certificate.validToDate).toEqual(new Date('2050-06-01T00:00:00Z'));
    expect(certificate.subjectAltName).toContain(`DNS:${hostname}`);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'a server with a self-signed certificate serves %s to a client that trusts the certificate',
    async (version) => {
      const pair = selfSignedCertificate({ hostname: 'web-0', now: new Date(), days: 1 });
      const server = await serve(pair);
      const socket = connect({
        ...server.address,
        ca: pair.cert,
        servername: 'localhost',
        minVersion: version,
        maxVersion: version,
      });
      await new Promise((resolve, reject) =>
        socket.once('secureConnect', () => resolve(undefined)).once('error', reject),
      );
      expect(socket.authorized).toBe(true);
      expect(socket.getProtocol()).toBe(version);
      socket.destroy();
    },
  );

  it('a server with a self-signed certificate refuses TLS 1.1', async () => {
    const server = await serve(make());
    const socket = connect({
      ...server.address,
      rejectUnauthorized: false,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => socket.once('error', resolve));
    expect(error.code).toMatch(/PROTOCOL_VERSION|EPROTO|ECONNRESET/);
  });

  it('a TLS server stops although a client never ends its handshake', async () => {
    const server = await serve(make());
    const { connect: connectPlain } = await import('node:net');
    const silent = connectPlain(server.address.port, '127.0.0.1');
    await new Promise((resolve) => silent.once('connect', resolve));
    const closed = new Promise((resolve) => silent.once('close', resolve));
    const started = performance.now();
    await server.stop();
    await closed;
    expect(performance.now() - started).toBeLessThan(patient(2_000));
  });
});

describe('a certificate in files', () => {
  let folder: string;
  let files: { cert: string; key: string };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'serving-certificate-'));
    files = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = ({ cert, key }: KeyPair): void => {
    writeFileSync(files.cert, cert);
    writeFileSync(files.key, key);
  };

  it('the operator reads a certificate and its key from files', async () => {
    const pair = make();
    write(pair);
    expect(await readKeyPair(files)).toEqual(pair);
  });

  it('the error names the certificate file that is missing', async () => {
    write(make());
    rmSync(files.key);
    await expect(readKeyPair(files)).rejects.toThrow(`${files.key}`);
  });

  it.each(['', 'no certificate', make().cert])(
    'the operator refuses a certificate that does not fit its key: %#',
    async (cert) => {
      write({ ...make(), cert });
      await expect(readKeyPair(files)).rejects.toThrow(/tls\.crt and .*tls\.key are no certificate with its key: /);
    },
  );

  it('a server takes a new certificate from files, and keeps the old one while only one file is new', async () => {
    const [first, second] = [make('first'), make('second')];
    write(first);
    const server = await serve(first);
    const lines: string[] = [];
    const log = (_: object, message: string): void => void lines.push(message);
    const unfollow = followKeyPair(files, first, {
      use: (pair) => server.renew(pair),
      logger: { ...silentLogger, info: log, warn: log },
      lookMs: 10,
    });
    try {
      writeFileSync(files.cert, second.cert);
      await until(() => lines.length > 0);
      expect(lines).toEqual(['the serving certificate was not renewed, the old one is kept']);
      expect(await servedName(server)).toBe('first');
      writeFileSync(files.key, second.key);
      await until(() => lines.length > 1);
      expect(lines[1]).toBe('the serving certificate was renewed');
      expect(await servedName(server)).toBe('second');
    } finally {
      unfollow();
    }
  });
});

let running: Listener[] = [];
afterEach(async () => {
  await Promise.all(running.map((server) => server.stop()));
  running = [];
});

async function serve(certificate: KeyPair): Promise<Listener> {
  const address = { host: '127.0.0.1', port: 0 };
  const server = await listen({ address, certificate, answer: () => undefined, logger: silentLogger });
  running.push(server);
  return server;
}

async function servedName({ address }: Listener): Promise<string | string[] | undefined> {
  const socket = connect({ ...address, rejectUnauthorized: false });
  await new Promise((resolve, reject) => socket.once('secureConnect', () => resolve(undefined)).once('error', reject));
  const name = socket.getPeerCertificate().subject.CN;
  socket.destroy();
  return name;
}

async function until(wanted: () => boolean): Promise<void> {
  while (!wanted()) await new Promise((resolve) => setTimeout(resolve, 5));
}
