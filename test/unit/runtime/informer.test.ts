import { expect, it } from '@jest/globals';
import { Informer } from '../../../src/runtime/informer.ts';
import type { Stored } from '../../../src/runtime/store.ts';
import { FakeClock, settle } from '../../support/fakes/fake-clock.ts';
import { FakeSource } from '../../support/fakes/fake-source.ts';

interface Pod extends Stored {
  phase: string;
}

const raw = (name: string, rv: number, phase = 'Running') => ({
  metadata: { name, namespace: 'ns', uid: `uid-${name}`, resourceVersion: String(rv) },
  status: { phase },
});

const trim = (object: unknown): Pod => {
  const { metadata, status } = object as ReturnType<typeof raw>;
  return { metadata, phase: status.phase };
};

it('the informer follows the server with trimmed objects, and reads its own writes', async () => {
  const source = new FakeSource({ metadata: { resourceVersion: '5' }, items: [raw('a', 3)] });
  const informer = new Informer<Pod>({ name: 'pods', source, transform: trim, clock: new FakeClock() });
  const changes: string[] = [];
  informer.store.onChange((type, key, pod) => changes.push(`${type} ${key} ${pod.phase}`));
  const controller = new AbortController();
  expect(informer.hasSynced()).toBe(false);
  const running = informer.run(controller.signal);
  await informer.synced;
  expect(informer.hasSynced()).toBe(true);
  expect(informer.store.get('ns/a')).toEqual(trim(raw('a', 3)));

  expect(informer.store.upsert(trim(raw('a', 8, 'Written')))).toBe(true);
  await settle();
  source.open.send('MODIFIED', raw('a', 7, 'Older'));
  source.open.send('MODIFIED', raw('a', 8, 'Written'));
  source.open.send('ADDED', raw('b', 9));
  source.open.send('DELETED', raw('b', 10));
  source.open.bookmark('30');
  await settle();
  expect(changes).toEqual([
    'ADDED ns/a Running',
    'MODIFIED ns/a Written',
    'ADDED ns/b Running',
    'DELETED ns/b Running',
  ]);
  expect(informer.store.resourceVersion).toBe('30');
  expect(informer.store.upsert(trim(raw('b', 9, 'Late answer')))).toBe(false);
  controller.abort();
  await running;
});
