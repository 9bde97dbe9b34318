import type { Requirement } from '../api/debugpolicy.ts';
import type { DebugSessionSpec } from '../api/debugsession.ts';
import type { SecurityContext } from '../api/ephemeral-container.ts';
import type { JudgedPod } from './pod-fields.ts';
import { oneLine } from '../text/one-line.ts';
import { processNamespaceOf } from './process-namespace.ts';
import { securityContextOf } from './profile.ts';

/**
 * What a requirement is judged by: what the session says, and the pod once it is chosen. What the pod sets for its
 * containers does not count.
 */
interface Confined {
  spec: DebugSessionSpec;
  /** The profile of the session, with its own securityContext laid over it. */
  context: SecurityContext;
  pod: JudgedPod | undefined;
}

/** Why a session does not satisfy each requirement, and the way out; undefined: it does. */
const RULES: Readonly<Record<Requirement, (confined: Confined) => string | undefined>> = {
  NonRoot: ({ context }) => (isNonRoot(context) ? undefined : ROOT),
  NoCapabilities: ({ context }) => (hasNoCapabilities(context) ? undefined : CAPABLE),
  ReadOnlyRootFilesystem: ({ context }) => (isReadOnly(context) ? undefined : WRITABLE),
  NoJoin: joined,
};

const ROOT =
  'its container may run as root: use profile restricted, or set securityContext.allowPrivilegeEscalation to false and securityContext.runAsNonRoot to true';
const CAPABLE =
  'its container may have capabilities: use profile restricted, or profile baseline with securityContext.capabilities.drop [ALL]';
const WRITABLE =
  'its container may write to its root file system: set securityContext.readOnlyRootFilesystem to true, without privileged and SYS_ADMIN';

/** Every requirement that the session does not satisfy, in words. Without a pod, what depends on it is left open. */
export function unmet(required: readonly Requirement[], spec: DebugSessionSpec, pod: JudgedPod | undefined): string[] {
  const confined = confinedBy(spec, pod);
  return required.flatMap((requirement) => {
    const why = RULES[requirement](confined);
    return why === undefined ? [] : [`require ${requirement} is not satisfied, ${why}`];
  });
}

/** Every requirement that a session satisfies in this pod, asked for or not. */
export function metBy(spec: DebugSessionSpec, pod: JudgedPod): Requirement[] {
  const confined = confinedBy(spec, pod);
  return (Object.keys(RULES) as Requirement[]).filter((requirement) => RULES[requirement](confined) === undefined);
}

/**
 * The fields of a securityContext that may open something, by name. The others only take away: a session may always set
 * them. `drop` without ALL may open something, because it replaces the `drop` of the profile.
 */
export function openingFields(context: SecurityContext): string[] {
  const { allowPrivilegeEscalation, capabilities, privileged, readOnlyRootFilesystem, runAsNonRoot, ...others } =
    context;
  const { add = [], drop = [] } = capabilities ?? {};
  const confines = {
    allowPrivilegeEscalation: allowPrivilegeEscalation !== true,
    capabilities: add.length === 0 && (drop.length === 0 || drop.includes('ALL')),
    privileged: privileged !== true,
    readOnlyRootFilesystem: readOnlyRootFilesystem !== false,
    runAsNonRoot: runAsNonRoot !== false,
  };
  const opening = Object.entries(confines).flatMap(([field, isConfining]) => (isConfining ? [] : [field]));
  return [...opening, ...Object.keys(others).sort()];
}

function confinedBy(spec: DebugSessionSpec, pod: JudgedPod | undefined): Confined {
  return { spec, pod, context: securityContextOf(spec.profile ?? 'general', spec.securityContext) ?? {} };
}

/**
 * Without no_new_privs (allowPrivilegeEscalation: false) a set-user-ID file of the image makes a root of every user.
 */
function isNonRoot({ allowPrivilegeEscalation, privileged, runAsNonRoot, runAsUser }: SecurityContext): boolean {
  const isOther = runAsUser === undefined ? runAsNonRoot === true : runAsUser !== 0;
  return isOther && allowPrivilegeEscalation === false && privileged !== true;
}

function hasNoCapabilities({ capabilities = {}, privileged }: SecurityContext): boolean {
  const { add = [], drop = [] } = capabilities;
  return drop.includes('ALL') && add.length === 0 && privileged !== true;
}

/** With SYS_ADMIN it can be mounted anew, to be written. */
function isReadOnly({ capabilities, privileged, readOnlyRootFilesystem }: SecurityContext): boolean {
  const added = (capabilities?.add ?? []).map((name) => name.toUpperCase().replace(/^CAP_/, ''));
  const canMount = privileged === true || added.some((name) => name === 'SYS_ADMIN' || name === 'ALL');
  return readOnlyRootFilesystem === true && !canMount;
}

function joined({ spec, pod }: Confined): string | undefined {
  const { containerName } = spec.target;
  if (containerName !== undefined)
    return `it joins the processes of container ${oneLine(containerName, 63)}: leave target.containerName out`;
  if (pod === undefined || processNamespaceOf(spec.target, pod) === undefined) return undefined;
  const how = pod.spec.hostPID === true ? 'the process namespace of the node' : 'one process namespace';
  return `the containers of pod ${oneLine(pod.metadata.name, 63)} share ${how}: debug a pod that does not`;
}
