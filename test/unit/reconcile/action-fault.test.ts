import { expect, it } from '@jest/globals';
import { ApiError } from '../../../src/kube/api-error.ts';
import { explainFault } from '../../../src/reconcile/action-fault.ts';
import type { ActionKind } from '../../../src/session/look/actions.ts';

const fault = (code: number, message: string): ApiError => new ApiError({ code, reason: '', message });

it.each<[string, ApiError]>([
  [
    'the kubelet does not find the container',
    fault(500, 'unable to upgrade connection: container not found ("debug")'),
  ],
  [
    'containerd has seen the container end',
    fault(500, 'error executing command: container is in CONTAINER_EXITED state'),
  ],
  ['containerd has seen its process end', fault(500, 'failed to load task: no running task found: task 0a not found')],
  ['CRI-O has seen the container end', fault(500, 'container is not created or running: container process not found')],
  ['its pod is gone', fault(404, 'pods "web" not found')],
  ['another pod has the name', fault(400, 'container debug is not valid for pod web')],
])('an exec finds nothing that runs where %s', (_words, error) => {
  for (const kind of ['Exec', 'Attach', 'Ttl'] as const)
    expect(explainFault(kind, error)).toEqual({ kind: 'notRunning', message: error.message });
});

it.each<[string, ActionKind, ApiError, string]>([
  ['the namespace of stop pods is missing', 'Node', fault(404, 'namespaces "x" not found'), 'failed'],
  ['the kubelet has a fault of its own', 'Exec', fault(500, 'out of memory'), 'failed'],
  ['a policy refuses the exec', 'Exec', fault(400, 'denied by ValidatingAdmissionPolicy x'), 'forbidden'],
  ['the API server does not reach the kubelet', 'Exec', fault(500, 'error dialing backend: EOF'), 'unreachable'],
])('nothing is known of the container where %s', (_words, kind, error, expected) => {
  expect(explainFault(kind, error).kind).toBe(expected);
});
