import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { StopOrder } from '../../../src/api/stop-order.ts';
import { STOP_POD_LABELS, stopPod, stopPodName } from '../../../src/reconcile/stop-pod.ts';
import { repositoryPath } from '../../support/documents/crd.ts';

// The pod that ends a container from its node. test/security/node-stop.test.ts shows it to the policy of such pods.

const ORDER: StopOrder = {
  ...{ containerID: 'ab'.repeat(32), containerName: 'debug-0123abcd-1', podUID: 'uid-1' },
  ...{ podNamespace: 'shop', podName: 'web', graceSeconds: '1' },
};
const PLACE = { namespace: 'stops', nodeName: 'n1', image: 'op:1', socket: '/run/containerd/containerd.sock' };

interface Made {
  apiVersion: string;
  kind: string;
  metadata: object;
  spec: { containers: Record<string, unknown>[]; volumes: { name: string }[] } & Record<string, unknown>;
}

function made(): Made & { container: Record<string, unknown>; rest: object } {
  const pod = stopPod(ORDER, PLACE) as Made;
  const [container = {}] = pod.spec.containers;
  const rest: Partial<Made['spec']> = { ...pod.spec };
  delete rest.containers;
  delete rest.volumes;
  return { ...pod, container, rest };
}

it('a stop pod is a pod of the namespace of stop pods, named after its container', () => {
  const { apiVersion, kind, metadata } = made();
  expect({ apiVersion, kind }).toEqual({ apiVersion: 'v1', kind: 'Pod' });
  expect(metadata).toEqual({ name: stopPodName(ORDER), namespace: 'stops', labels: STOP_POD_LABELS });
});

it('a stop pod runs on its node whatever taints that has, once, for half a minute, and without a token', () => {
  expect(made().rest).toEqual({
    nodeName: 'n1',
    tolerations: [{ operator: 'Exists' }],
    restartPolicy: 'Never',
    activeDeadlineSeconds: 30,
    terminationGracePeriodSeconds: 1,
    serviceAccountName: 'debugsession-node-stop',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
  });
});

it('a stop pod has root without capabilities, on a root file system that it cannot change', () => {
  expect(made().container['securityContext']).toEqual({
    runAsUser: 0,
    runAsNonRoot: false,
    privileged: false,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  });
});

it('a stop pod fits on a full node, uses little memory, and does not pull an image that is there', () => {
  const { container } = made();
  expect(container['resources']).toEqual({ requests: { cpu: '0', memory: '0' }, limits: { memory: '128Mi' } });
  expect(container).toMatchObject({ name: 'stop', image: 'op:1', imagePullPolicy: 'IfNotPresent' });
});

it('a stop pod mounts the socket of the runtime to read, and only a socket', () => {
  const { container, spec } = made();
  expect(spec.volumes).toEqual([{ name: 'runtime', hostPath: { path: PLACE.socket, type: 'Socket' } }]);
  expect(container['volumeMounts']).toEqual([{ name: 'runtime', mountPath: '/run/cri.sock', readOnly: true }]);
});

it('a stop pod has no field that the policy of stop pods does not list', () => {
  const policy = readFileSync(repositoryPath('config/components/node-stop/shape-policy.yaml'), 'utf8');
  const { container, spec } = made();
  const unlisted = [...Object.keys(spec), ...Object.keys(container)].filter((field) => !policy.includes(`'${field}'`));
  expect(unlisted).toEqual([]);
});
