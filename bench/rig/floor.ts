import { setTimeout as delay } from 'node:timers/promises';
import type { RestClient } from '../../src/kube/rest-client.ts';
import { barePatch } from './bare-patch.ts';
import { sessionBody } from './session-body.ts';

const GROUP = 'floor.debugsession.dev';
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const NAME = `floors.${GROUP}`;

/**
 * The least that any declared resource can ask for a debug container: the person's create of an object whose resource
 * has no rules, and one bare PATCH of the pod. Nobody checks, records or ends anything.
 */
export class Floor {
  readonly #client: RestClient;

  private constructor(client: RestClient) {
    this.#client = client;
  }

  static async install(client: RestClient): Promise<Floor> {
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    await client.create(CRDS, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: NAME },
      spec: {
        group: GROUP,
        scope: 'Namespaced',
        names: { plural: 'floors', singular: 'floor', kind: 'Floor', listKind: 'FloorList' },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    });
    const floor = new Floor(client);
    // The API server serves it after a moment.
    for (let tries = 0; tries < 100; tries += 1) {
      if (await floor.#isServed()) return floor;
      await delay(100);
    }
    throw new Error(`the API server does not serve ${NAME}`);
  }

  async #isServed(): Promise<boolean> {
    try {
      await this.#client.list(`/apis/${GROUP}/v1/floors`);
      return true;
    } catch {
      return false;
    }
  }

  /** Resolves with the answer of the PATCH. */
  async debug(namespace: string, pod: string, name: string): Promise<void> {
    const body = { ...sessionBody(name, { target: { podName: pod } }), apiVersion: `${GROUP}/v1`, kind: 'Floor' };
    await this.#client.create(`/apis/${GROUP}/v1/namespaces/${namespace}/floors`, body);
    await barePatch(this.#client, namespace, pod, name);
  }

  /** The resource goes with all of its objects. */
  async remove(): Promise<void> {
    await this.#client.delete(`${CRDS}/${NAME}`);
  }
}
