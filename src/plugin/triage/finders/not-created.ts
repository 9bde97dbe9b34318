import { containersOf, nameOf, type SeenContainer } from '../containers.ts';
import type { PodFacts } from '../facts.ts';
import type { Finding } from '../finding.ts';
import { missingObject } from './missing-object.ts';

type Words = Pick<Finding, 'means' | 'todo'>;

const REASONS = [
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'PreCreateHookError',
  'PreStartHookError',
  'PostStartHookError',
];

/** The kubelet cannot make or start a container: what it needs is missing, or its command cannot be run. */
export function notCreated({ pod, namespace }: PodFacts): Finding[] {
  return containersOf(pod).flatMap((container) => {
    const found = failureOf(container);
    if (found === undefined) return [];
    const { reason, message } = found;
    return [
      {
        kind: reason,
        weight: 'broken' as const,
        container: container.name,
        title: `${nameOf(container)} cannot start`,
        seen: [`${reason}: ${message}`],
        ...wordsOf(message, container, namespace),
      },
    ];
  });
}

/** While the kubelet backs off the cause is what the runtime said of the last start. */
function failureOf({ isRunning, waiting, end }: SeenContainer): { reason: string; message: string } | undefined {
  if (waiting !== undefined && REASONS.includes(waiting.reason)) return waiting;
  if (isRunning || (end?.reason !== 'StartError' && end?.reason !== 'ContainerCannotRun')) return undefined;
  return { reason: end.reason, message: end.message ?? '' };
}

function wordsOf(message: string, { name, spec }: SeenContainer, namespace: string): Words {
  const missing = missingObject(message);
  if (missing !== undefined) {
    const { what, todo } = missing;
    return {
      means: `The container takes variables from ${what}, which does not exist in namespace ${namespace}.`,
      todo,
    };
  }
  if (/couldn't find key/i.test(message)) {
    return {
      means: 'The secret or config map exists, and does not have the key that the container names.',
      todo: ['Add the key, or correct its name in the pod. The kubelet tries again by itself.'],
    };
  }
  if (/runAsNonRoot/i.test(message)) {
    return {
      means: 'The pod must not run as root (runAsNonRoot), and its image does.',
      todo: ['Set runAsUser to another user than 0, or use an image with such a user.'],
    };
  }
  if (/permission denied/i.test(message)) {
    return {
      means: 'The command is not executable in this image.',
      todo: ['Make it executable in the image, or start it by a shell or interpreter.'],
    };
  }
  if (/no such file or directory|executable file not found/i.test(message)) {
    return {
      means: `The command of container ${name} does not exist in its image${spec.image === undefined ? '' : ` ${spec.image}`}.`,
      todo: ['Correct command or args of the container, or use an image that has the program.'],
    };
  }
  if (/exec format error/i.test(message)) {
    return {
      means: 'The program is made for another processor than that of the node, or is a script without #!.',
      todo: ['Build the image for the node.'],
    };
  }
  return {
    means: 'The container runtime could not make or start the container, for the reason above.',
    todo: [`See the whole message: kubectl get events -n ${namespace}`],
  };
}
