import { describe, expect, it } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { connect } from '../../../src/kube/connect.ts';
import { Transport } from '../../../src/kube/transport.ts';

interface Login {
  token?: string;
  username?: string;
  password?: string;
}

function configOf(user: Login, cluster: { proxyUrl?: string; tlsServerName?: string } = {}): KubeConfig {
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: 'c', server: 'https://api.example:6443', skipTLSVerify: false, ...cluster }],
    users: [{ name: 'u', ...user }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  });
  return config;
}

/** As a rotated file does it: the config object stays, what stands in it changes. */
function change(list: readonly object[], values: object): void {
  Object.assign(list[0] ?? {}, values);
}

describe('Transport', () => {
  it('the transport reads new credentials after a 401 and keeps its connections', async () => {
    const config = configOf({ token: 'old' });
    const transport = new Transport(config, 4);
    const first = await transport.route();
    change(config.getUsers(), { token: 'new' });
    expect((await transport.route()).headers['authorization']).toBe('Bearer old');
    transport.forgetCredentials();
    const second = await transport.route();
    expect(second.headers['authorization']).toBe('Bearer new');
    expect(second.requests).toBe(first.requests);
    expect(second.watches).toBe(first.watches);
    expect(second.watches).not.toBe(second.requests);
    await transport.close();
  });

  it('the transport makes new connections when the settings of TLS have changed', async () => {
    const config = configOf({ token: 't' });
    const transport = new Transport(config, 4);
    const first = await transport.route();
    change(config.getClusters(), { tlsServerName: 'other.example' });
    transport.forgetCredentials();
    expect((await transport.route()).requests).not.toBe(first.requests);
    await transport.close();
  });

  it('the transport knows passwords and HTTP proxies, and says that it knows no SOCKS', async () => {
    const proxy = new Transport(configOf({ username: 'me', password: 'pw' }, { proxyUrl: 'http://proxy:3128' }), 4);
    const { headers } = await proxy.route();
    expect(headers['authorization']).toBe(`Basic ${Buffer.from('me:pw').toString('base64')}`);
    await proxy.close();
    const socks = new Transport(configOf({}, { proxyUrl: 'socks5://proxy:1080' }), 4);
    await expect(socks.route()).rejects.toThrow('SOCKS');
  });

  it('the transport needs a cluster', () => {
    expect(() => new Transport(new KubeConfig(), 4)).toThrow('current-context');
  });
});

describe('connect', () => {
  it('connect names the file that it cannot read', () => {
    expect(() => connect({ kubeconfig: '/nowhere/config' })).toThrow('/nowhere/config cannot be read: ENOENT');
  });
});
