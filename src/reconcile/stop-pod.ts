import { orderArguments, SOCKET_IN_STOP_POD, STOP_COMMAND, type StopOrder } from '../api/stop-order.ts';

/** Where a stop pod runs, and with what. */
export interface StopPodPlace {
  namespace: string;
  nodeName: string;
  image: string;
  /** Of the container runtime, on the node. */
  socket: string;
}

/** By which stop pods are found again, and nothing else is. */
export const STOP_POD_LABELS = {
  'app.kubernetes.io/name': 'debugsession',
  'app.kubernetes.io/component': 'node-stop',
} as const;

/** The account of stop pods, which has no rights. */
const ACCOUNT = 'debugsession-node-stop';

/** The kubelet ends a stop pod after that, in seconds, also when no operator lives any more. */
export const STOP_POD_SECONDS = 30;

/** The name of the one stop pod that a container can have at a time, so that it is found again after a restart. */
export function stopPodName({ containerID }: Pick<StopOrder, 'containerID'>): string {
  return `stop-${containerID.slice(0, 40)}`;
}

/**
 * The pod that ends a container from its node. config/components/node-stop/shape-policy.yaml lets in exactly this, and
 * test/security/node-stop.test.ts tries everything else.
 */
export function stopPod(order: StopOrder, { namespace, nodeName, image, socket }: StopPodPlace): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: stopPodName(order), namespace, labels: STOP_POD_LABELS },
    spec: {
      // No scheduler: it has to run on this node, also where nothing new may.
      nodeName,
      tolerations: [{ operator: 'Exists' }],
      restartPolicy: 'Never',
      activeDeadlineSeconds: STOP_POD_SECONDS,
      terminationGracePeriodSeconds: 1,
      serviceAccountName: ACCOUNT,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      containers: [
        {
          name: 'stop',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: STOP_COMMAND,
          args: orderArguments(order),
          // The kubelet refuses a pod whose requests do not fit: this one has none.
          resources: { requests: { cpu: '0', memory: '0' }, limits: { memory: '128Mi' } },
          // The socket is root's. As root without a capability it may do nothing else.
          securityContext: {
            runAsUser: 0,
            runAsNonRoot: false,
            privileged: false,
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
            seccompProfile: { type: 'RuntimeDefault' },
          },
          volumeMounts: [{ name: 'runtime', mountPath: SOCKET_IN_STOP_POD, readOnly: true }],
        },
      ],
      // Without the type a missing socket would become a folder on the node.
      volumes: [{ name: 'runtime', hostPath: { path: socket, type: 'Socket' } }],
    },
  };
}
