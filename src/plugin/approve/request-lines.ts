import type { DebugSession, DebugSessionSpec } from '../../api/debugsession.ts';
import { nameOfTarget } from '../../api/target-name.ts';
import { oneLine } from '../../text/one-line.ts';

const MAX = 500;
const LABEL = 10;

/** Told in a line of their own, or no part of what a container may do. */
const TOLD = new Set<keyof DebugSessionSpec>([
  'target',
  'image',
  'command',
  'args',
  'ttl',
  'profile',
  'justification',
  'requestedBy',
  'attempt',
  'policyName',
]);

/**
 * What a session asks for, for the person who is to approve it: all of it, because they approve all of it. Lines are
 * printable.
 */
export function requestLines({ metadata, spec }: DebugSession): string[] {
  const { target, image, command = [], args = [], ttl, profile, justification, requestedBy, attempt } = spec;
  const container = target.containerName === undefined ? '' : `, joins container ${target.containerName}`;
  const others = Object.entries(spec).filter(([field]) => !TOLD.has(field as keyof DebugSessionSpec));
  return [
    `Session ${metadata.name} in namespace ${metadata.namespace}, attempt ${attempt}`,
    ...line('by', requestedBy?.username ?? 'somebody'),
    ...line('why', justification ?? 'no reason is given'),
    ...line('where', `${target.podName === undefined ? '' : 'pod '}${nameOfTarget(target)}${container}`),
    ...line('what', [image, ...(command.length + args.length > 0 ? [':', ...command, ...args] : [])].join(' ')),
    ...line('how long', ttl ?? 'as its policy says'),
    ...line('profile', profile ?? 'general'),
    ...line('policy', spec.policyName ?? 'default'),
    ...others.flatMap(([field, value]) => line('and', `${field}: ${JSON.stringify(value)}`)),
  ];
}

function line(label: string, text: string): string[] {
  return [`  ${label.padEnd(LABEL)}${oneLine(text, MAX)}`];
}
