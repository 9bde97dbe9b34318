import { expect } from '@jest/globals';
import { POLICY_KIND, type StopBy } from '../../../src/api/debugpolicy.ts';
import { API_VERSION } from '../../../src/api/debugsession.ts';
import { OPEN_POLICY } from '../builders/open-policy.ts';
import { Installation } from './installation.ts';
import { removeNodeStop, withNodeStop } from './node-stop.ts';
import { ensureOperatorImage } from './operator-image.ts';
import { Stage } from './stage.ts';

/** The operator as it is installed with config/components/node-stop, and a stage for the sessions of a test file. */
export class NodeStopInstallation {
  readonly stage: Stage;
  readonly operator = new Installation();
  #image = '';

  private constructor(stage: Stage) {
    this.stage = stage;
  }

  /** @param name becomes the beginning of the namespace's name */
  static async open(name: string): Promise<NodeStopInstallation> {
    const stage = await Stage.open(name, { operator: false });
    const { node } = stage.cluster;
    if (node === undefined) throw new Error('an image cannot be loaded into a cluster of somebody else');
    const installation = new NodeStopInstallation(stage);
    try {
      installation.#image = await ensureOperatorImage(node);
      await installation.lookAt(node.runtimeSocket);
      return installation;
    } catch (error) {
      // What stays would serve the sessions of every other file.
      await installation.close();
      throw error;
    }
  }

  /** Both replicas run with the component, and look for the runtime at this socket. */
  async lookAt(socket: string | undefined): Promise<void> {
    const copy = withNodeStop(socket);
    try {
      await this.operator.apply(this.#image, copy.path('config/default'));
    } finally {
      copy.remove();
    }
    await this.operator.untilLeader(() => true);
  }

  /** A policy that allows everything, and says when a node is asked. @returns its name */
  async policyWith(stopBy: StopBy, prefix = stopBy.toLowerCase()): Promise<string> {
    const { namespace, cluster } = this.stage;
    const name = `${prefix}-${namespace}`;
    const policy = { apiVersion: API_VERSION, kind: POLICY_KIND, metadata: { name }, spec: { ...OPEN_POLICY, stopBy } };
    const applied = await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(policy) });
    expect(applied).toMatchObject({ code: 0 });
    return name;
  }

  async close(): Promise<void> {
    await this.operator.remove();
    await removeNodeStop(this.stage.cluster);
    await this.operator.close();
    await this.stage.close();
  }
}
