import { expect, it } from '@jest/globals';
import { ownImage } from '../../../src/reconcile/own-image.ts';
import type { RequestOptions } from '../../../src/kube/rest-client.ts';
import { anApiError, FakeClient } from '../../support/fakes/fake-client.ts';

// The image of stop pods, where --node-stop-image does not give it.

const PATH = '/apis/apps/v1/namespaces/debug/deployments/debugsession-controller-manager';
const { signal } = new AbortController();

function deployment(...containers: object[]): object {
  return { spec: { template: { spec: { containers } } } };
}

const imageFrom = (answer: Error | object): Promise<string> =>
  ownImage(new FakeClient().on(`GET ${PATH}`, answer), 'debug', signal);

const CANNOT_BE_READ =
  'the image of Deployment debugsession-controller-manager in namespace debug cannot be read: give --node-stop-image';

it('the operator takes the image of its container, and not that of a sidecar', async () => {
  const answer = deployment({ name: 'proxy', image: 'proxy:2' }, { name: 'manager', image: 'registry.example/op:1' });
  expect(await imageFrom(answer)).toBe('registry.example/op:1');
});

it('the question for the image ends with the signal', async () => {
  const asked: RequestOptions[] = [];
  const client = new FakeClient().on(`GET ${PATH}`, deployment({ name: 'manager', image: 'op:1' }));
  const get = <T>(path: string, options: RequestOptions = {}): Promise<T> => {
    asked.push(options);
    return client.get<T>(path);
  };
  await ownImage({ get }, 'debug', signal);
  expect(asked).toEqual([{ signal }]);
});

it.each<[string, () => Error | object]>([
  ['its Deployment has another name', () => anApiError(404, 'not found')],
  ['it may not read its Deployment', () => anApiError(403, 'forbidden')],
  ['its container has another name', () => deployment({ name: 'operator', image: 'op:1' })],
  ['its container has no image', () => deployment({ name: 'manager' })],
])('the operator says which flag to give where %s', async (_, answer) => {
  await expect(imageFrom(answer())).rejects.toThrow(CANNOT_BE_READ);
});

it('the operator says which flag to give where it does not run in a cluster', async () => {
  await expect(ownImage(new FakeClient(), undefined, signal)).rejects.toThrow(
    'this operator does not run in a cluster: give --node-stop-image',
  );
});

it.each<[string, () => Error]>([
  ['a fault of the API server', () => anApiError(500, 'later')],
  ['a lost connection', () => new Error('reset')],
])('the operator passes on %s, which may pass', async (_, error) => {
  const thrown = error();
  await expect(imageFrom(thrown)).rejects.toBe(thrown);
});
