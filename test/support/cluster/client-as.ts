import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { RestClient } from '../../../src/kube/rest-client.ts';
import { connectToCluster } from './connect-to-cluster.ts';
import type { Stage } from './stage.ts';

/**
 * A client that acts as somebody, who is impersonated by the administrator: for requests that kubectl would put a look
 * before.
 */
export function clientAs({ cluster }: Stage, user: string): RestClient {
  const config = parse(readFileSync(cluster.kubeconfig ?? '', 'utf8')) as { users: { user: object }[] };
  const users = config.users.map((entry) => ({ ...entry, user: { ...entry.user, as: user } }));
  const folder = mkdtempSync(join(tmpdir(), 'debugsession-as-'));
  try {
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, stringify({ ...config, users }), { mode: 0o600 });
    return connectToCluster({ kubeconfig }).client;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
