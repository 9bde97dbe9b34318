import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs `work` while nobody else on this machine runs work under the same key.
 *
 * The lock is a listening socket in Linux' abstract namespace: the kernel frees it when the holder dies in whatever
 * way, so that there is no stale lock file to reason about.
 * @param onWait is called once, if somebody else holds the lock.
 */
export async function withLock<T>(key: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  const server = await acquire(`\0debugsession-${createHash('sha256').update(key).digest('hex')}`, onWait);
  try {
    return await work();
  } finally {
    await new Promise((done) => server.close(done));
  }
}

async function acquire(address: string, onWait: () => void): Promise<Server> {
  for (let waited = false; ; waited = true) {
    const server = await listen(address);
    if (server !== undefined) return server;
    if (!waited) onWait();
    await sleep(200);
  }
}

function listen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen({ path: address }, () => resolve(server));
  });
}
