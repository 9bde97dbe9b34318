import { expect, it } from '@jest/globals';
import { ApiError, ConnectionError } from '../../../src/kube/api-error.ts';
import { explainFault } from '../../../src/reconcile/action-fault.ts';
import type { ActionKind, ActionOutcome } from '../../../src/session/look/actions.ts';

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

it.each<[string, ActionKind, ApiError, ActionOutcome['kind']]>([
  ['the namespace of stop pods is missing', 'Node', fault(404, 'namespaces "x" not found'), 'failed'],
  ['the kubelet has a fault of its own', 'Exec', fault(500, 'out of memory'), 'failed'],
  ['a policy refuses the exec', 'Exec', fault(400, 'denied by ValidatingAdmissionPolicy x'), 'forbidden'],
  ['the API server does not reach the kubelet', 'Exec', fault(500, 'error dialing backend: EOF'), 'unreachable'],
  ['a proxy has no answer of the API server', 'Exec', fault(502, 'Bad Gateway'), 'unreachable'],
  ['the API server starts', 'Attach', fault(503, 'starting'), 'unreachable'],
  ['the kubelet takes too long', 'Eviction', fault(504, 'timeout'), 'unreachable'],
  ['the API server is busy', 'Exec', fault(429, 'too many requests'), 'failed'],
  ['a PodDisruptionBudget stands against it', 'Eviction', fault(429, 'needs 1 healthy pod'), 'blocked'],
  ['the API server refuses an eviction', 'Eviction', fault(422, 'invalid'), 'failed'],
  ['an eviction finds another pod', 'Eviction', fault(400, 'container debug is not valid for pod web'), 'failed'],
  ['a request is bad', 'Exec', fault(400, 'container not found'), 'failed'],
  ['a request is bad otherwise', 'Exec', fault(400, 'i/o timeout'), 'failed'],
  ['a conflict quotes the name of a pod', 'Exec', fault(409, 'container debug is not valid for pod web'), 'failed'],
])('the operator knows nothing of the container where %s', (_words, kind, error, expected) => {
  expect(explainFault(kind, error)).toEqual({ kind: expected, message: error.message });
});

it.each<[ActionKind, string, string]>([
  ['Exec', 'pods "web" is forbidden: User "op" cannot create resource "pods/exec"', 'get and create on pods/exec'],
  ['Ttl', 'pods "web" is forbidden', 'get and create on pods/exec'],
  ['Attach', 'pods "web" is forbidden', 'get and create on pods/attach'],
  ['Eviction', 'pods "web" is forbidden', 'create on pods/eviction'],
  [
    'Node',
    'pods is forbidden: User "op" cannot create resource "pods" in API group ""',
    'create, list, watch and delete on pods in the namespace of stop pods (config/components/node-stop)',
  ],
])('an operator without the right for %s says what it needs', (kind, message, needs) => {
  expect(explainFault(kind, fault(403, message))).toEqual({
    kind: 'forbidden',
    message: `the operator may not: it needs ${needs}`,
  });
});

it('the operator quotes the quota that refuses a stop pod', () => {
  const message = 'pods "stop-ab" is forbidden: exceeded quota: few';
  expect(explainFault('Node', fault(403, message))).toEqual({ kind: 'forbidden', message });
});

it('the operator calls a server that it does not reach unreachable, and any other error a failure', () => {
  const reset = new ConnectionError('ECONNRESET', 'the connection was reset');
  expect(explainFault('Exec', reset)).toEqual({ kind: 'unreachable', message: 'the connection was reset' });
  expect(explainFault('Exec', new Error('no such file'))).toEqual({ kind: 'failed', message: 'no such file' });
});
