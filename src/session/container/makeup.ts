import { createHash } from 'node:crypto';
import { canonicalJson } from '../../api/canonical-json.ts';
import type { EphemeralContainer } from '../../api/ephemeral-container.ts';
import type { Changes, Makeup } from '../../api/pod.ts';
import { oneLine } from '../../text/one-line.ts';
import { SUPERVISOR_VARIABLE } from './environment.ts';

/** The fields that decide what runs, and with which rights. */
const FIELDS = [
  ...(['image', 'command', 'args', 'env', 'envFrom', 'workingDir', 'volumeMounts'] as const),
  ...(['stdin', 'tty', 'targetContainerName', 'securityContext'] as const),
] as const;

/** A container as it was asked for, or as the API server has it. */
export interface ContainerFields extends Partial<
  Omit<Pick<EphemeralContainer, (typeof FIELDS)[number]>, 'volumeMounts'>
> {
  volumeMounts?: object[];
}

/**
 * What a container is made of, in few bytes: the image as it is, 8 hex digits of each other field. A field that is
 * empty counts as absent, because the API server leaves it out.
 */
export function makeupOf(container: ContainerFields): Makeup {
  const { image = '', env = [] } = container;
  const script = env.find(({ name }) => name === SUPERVISOR_VARIABLE);
  // The script is long, and has a digest of its own.
  const parts = { ...container, env: env.filter((variable) => variable !== script) };
  const others = FIELDS.filter((field) => field !== 'image').map((field) => [field, essence(parts[field])] as const);
  const digests = [...others, ['supervisor', essence(script)] as const]
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => [field, digest(value)] as const);
  return { image, ...Object.fromEntries(digests) };
}

/** Compares what stands in the pod with what was asked for; undefined where it is the same. */
export function changesOf(asked: ContainerFields, stands: Makeup): Changes | undefined {
  const wanted = makeupOf(asked);
  const differs = (part: keyof Makeup): boolean => wanted[part] !== stands[part];
  const fields = FIELDS.filter((field) => differs(field) || (field === 'env' && differs('supervisor')));
  if (fields.length === 0) return undefined;
  const supervision = (['command', 'args', 'supervisor'] as const).some(differs);
  return {
    fields: fields.map((field) => (field === 'image' ? `image: ${oneLine(stands.image, 512)}` : field)),
    lostSupervisor: wanted.supervisor !== undefined && supervision,
  };
}

/**
 * Without what the API server leaves out or fills in: empty text and lists, `false` of a mount, `procMount: Default`.
 */
function essence(value: unknown): unknown {
  if (value === '' || value === false) return undefined;
  if (Array.isArray(value)) {
    const items = value
      .map((item): unknown => (item === '' ? item : essence(item)))
      .filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  if (value === null || typeof value !== 'object') return value ?? undefined;
  const kept = Object.entries(value)
    .filter(([key, one]) => !(key === 'readOnly' && one === false) && !(key === 'procMount' && one === 'Default'))
    .map(([key, one]) => [key, one === false ? one : essence(one)] as const)
    .filter(([, one]) => one !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function digest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 8);
}
