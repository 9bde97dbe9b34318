import type { Pod, PodContainer, RestartRule } from '../../api/pod.ts';

// When the kubelet starts a container again (kubernetes pkg/api/v1/pod/util.go, ContainerShouldRestart; KEP-753,
// KEP-5307, KEP-5532). What an older Kubernetes does not know it does not store, so the fields that are there count.

/** Whether the kubelet never starts this container again, now that it has ended so. Unknown to the pod: no. */
export function hasEndedForGood(pod: Pod, name: string, exitCode: number): boolean {
  const { containers, initContainers = [] } = pod.spec;
  if ([...containers, ...initContainers].some(mayRestartAll)) return false;
  const init = initContainers.find((container) => container.name === name);
  // An init container that has done its part runs once, whatever its policy; a sidecar is no such.
  if (init !== undefined) return (exitCode === 0 && init.restartPolicy !== 'Always') || !restarts(pod, init, exitCode);
  const own = containers.find((container) => container.name === name);
  return own !== undefined && !restarts(pod, own, exitCode);
}

/** Whether the pod is one that can finish: each of its containers can end for good. */
export function canFinish(pod: Pod): boolean {
  return pod.spec.containers.every((container) => policyOf(pod, container) !== 'Always');
}

function restarts(pod: Pod, container: PodContainer, exitCode: number): boolean {
  if (container.restartPolicyRules?.some((rule) => fits(rule, exitCode)) === true) return true;
  const policy = policyOf(pod, container);
  return policy === 'OnFailure' ? exitCode !== 0 : policy !== 'Never';
}

function policyOf(pod: Pod, container: PodContainer): string {
  return container.restartPolicy ?? pod.spec.restartPolicy ?? 'Always';
}

function fits({ exitCodes }: RestartRule, exitCode: number): boolean {
  if (exitCodes === undefined) return false;
  const isNamed = exitCodes.values?.includes(exitCode) === true;
  return exitCodes.operator === 'NotIn' ? !isNamed : isNamed;
}

/** One container's end may start all the others again, those that had done their part as well. */
function mayRestartAll({ restartPolicyRules = [] }: PodContainer): boolean {
  return restartPolicyRules.some(({ action }) => action === 'RestartAllContainers');
}
