import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { RestClient } from '../../../src/kube/rest-client.ts';
import { InformerScene } from '../../support/world/informer-scene.ts';
import { PATH, PlayedApiServer } from '../../support/fakes/played-api-server.ts';

/**
 * Credentials are files that somebody else renews: the kubelet a service account's token, cert-manager or kubeadm a
 * certificate.
 */

let folder: string;
let server: PlayedApiServer;
const closing: (() => Promise<void>)[] = [];
const at = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rotation-'));
});

afterEach(async () => {
  jest.restoreAllMocks();
  for (const close of closing.splice(0).reverse()) await close();
  await server.close();
  rmSync(folder, { recursive: true });
});

function clientOf(config: KubeConfig): RestClient {
  const client = new RestClient(config);
  closing.push(() => client.close());
  return client;
}

describe('the token of a service account', () => {
  /** As `loadFromCluster` has it. */
  function inCluster(): KubeConfig {
    const config = new KubeConfig();
    const user = { name: 'me', authProvider: { name: 'tokenFile', config: { tokenFile: at('token') } } };
    config.loadFromClusterAndUser({ name: 'played', server: server.url, skipTLSVerify: true }, user);
    return config;
  }

  let accepted: string;
  beforeEach(async () => {
    accepted = 'first';
    writeFileSync(at('token'), 'first\n');
    server = await PlayedApiServer.start({ admits: ({ headers }) => headers.authorization === `Bearer ${accepted}` });
    server.put('web');
  });

  it('the client reads a new token after the first 401, and the next call uses the new token', async () => {
    const client = clientOf(inCluster());
    await client.list(PATH);
    accepted = 'second';
    await expect(client.list(PATH)).rejects.toMatchObject({ code: 401 });
    writeFileSync(at('token'), 'second\n');
    await expect(client.list(PATH)).resolves.toMatchObject({ items: [{ metadata: { name: 'web' } }] });
    accepted = 'third';
    writeFileSync(at('token'), 'third\n');
    await expect(client.list(PATH)).rejects.toMatchObject({ code: 401 });
    await expect(client.list(PATH)).resolves.toMatchObject({ kind: 'ThingList' });
    expect(server.asked.map(({ headers }) => headers.authorization?.slice('Bearer '.length))).toEqual([
      'first',
      'first',
      'second',
      'second',
      'third',
    ]);
  });

  it('a new token costs an informer one refused request and no list', async () => {
    const scene = new InformerScene(server, { config: inCluster() });
    closing.push(() => scene.stop());
    await scene.converged();
    writeFileSync(at('token'), 'second');
    accepted = 'second';
    server.eachWatch((response) => response.end());
    server.put('new');
    await scene.converged();
    expect(server.asked.map(({ kind }) => kind)).toEqual(['list', 'watch', 'watch', 'watch']);
  });
});

describe('certificates', () => {
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });

  /** A key and a certificate for `name`, signed by `ca` (or by itself). */
  function certificate(name: string, ca?: string): void {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`];
    const to = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2', '-out', `${name}.crt`];
    openssl('req', '-x509', ...key, ...to, ...(ca ? ['-CA', `${ca}.crt`, '-CAkey', `${ca}.key`] : []));
  }

  /** From now on the files that the kubeconfig names are those of `name`. */
  function renew(file: string, name: string): void {
    for (const end of ['crt', 'key']) copyFileSync(at(`${name}.${end}`), at(`${file}.${end}`));
  }

  function fromFiles(): KubeConfig {
    const config = new KubeConfig();
    const user = { name: 'me', certFile: at('client.crt'), keyFile: at('client.key') };
    config.loadFromClusterAndUser(
      { name: 'played', server: server.url, skipTLSVerify: false, caFile: at('ca.crt') },
      user,
    );
    return config;
  }

  const subject = (request: IncomingMessage): string =>
    String((request.socket as TLSSocket).getPeerCertificate().subject?.CN);

  it('a watch goes on with a new client certificate, and no request uses a connection with the old certificate', async () => {
    let accepted = 'old';
    for (const name of ['authority', 'old', 'new']) certificate(name, name === 'authority' ? undefined : 'authority');
    certificate('server', 'authority');
    renew('ca', 'authority');
    renew('client', 'old');
    const [key, cert, ca] = ['server.key', 'server.crt', 'ca.crt'].map((name) => readFileSync(at(name)));
    const seen: string[] = [];
    server = await PlayedApiServer.start({
      tls: { key, cert, ca, requestCert: true, rejectUnauthorized: false },
      admits: (request) => (seen.push(subject(request)), subject(request) === accepted),
    });
    server.put('web');
    const scene = new InformerScene(server, { config: fromFiles() });
    closing.push(() => scene.stop());
    await scene.converged();
    accepted = 'new';
    renew('client', 'new');
    server.eachWatch((response) => response.end());
    server.put('web');
    await scene.converged();
    expect(seen).toEqual(['old', 'old', 'old', 'new']);
  });

  it('the client trusts a new certificate authority at most 30 s after the file has changed', async () => {
    for (const name of ['authority', 'next']) certificate(name);
    certificate('server', 'next');
    renew('ca', 'authority');
    renew('client', 'authority');
    server = await PlayedApiServer.start({
      tls: { key: readFileSync(at('server.key')), cert: readFileSync(at('server.crt')) },
    });
    const client = clientOf(fromFiles());
    await expect(client.list(PATH)).rejects.toMatchObject({ name: 'ConnectionError' });
    renew('ca', 'next');
    // No answer tells that it is the files: they are read every 30 s.
    const before = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => before() + 30_001);
    await expect(client.list(PATH)).resolves.toMatchObject({ kind: 'ThingList' });
  });
});
