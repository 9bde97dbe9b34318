import { createHash } from 'node:crypto';
import type { DebugSessionSpec, EffectiveValues } from '../../api/debugsession.ts';
import type { EnvFromSource, EnvVar, EphemeralContainer } from '../../api/ephemeral-container.ts';
import { canonicalJson } from '../../api/canonical-json.ts';
import { securityContextOf } from '../../policy/profile.ts';
import { ttlSeconds } from './effective.ts';
import { setApart, SET_PREFIX } from './environment.ts';
import { SUPERVISOR_ENV, supervisedCommand } from './supervisor.ts';

/** Names the session in its container's environment, by uid only: everybody with `get pods` reads it. */
export const UID_VARIABLE = 'DEBUGSESSION_UID';
/** The number of the attempt in the environment of its container. */
export const ATTEMPT_VARIABLE = 'DEBUGSESSION_ATTEMPT';

export interface ContainerInput {
  name: string;
  spec: DebugSessionSpec;
  effective: EffectiveValues;
  sessionUID: string;
  attempt: number;
  targetContainerName?: string;
  /** The supervisor refuses to start after it; ms since the epoch. */
  startBy?: number;
  /** The supervisor lets nothing live past it; ms since the epoch. */
  lastMoment?: number;
}

/**
 * The name of the container of an attempt: never random and never a clock, so that a repeated injection is no second
 * container.
 */
export function containerName(sessionUID: string, attempt: number): string {
  return `debug-${createHash('sha256').update(sessionUID).digest('hex').slice(0, 8)}-${attempt}`;
}

/** The container of a run: a pure function of its record and the spec. */
export function ephemeralContainer(input: ContainerInput): EphemeralContainer {
  const { name, spec, effective, targetContainerName } = input;
  const { volumeMounts = [] } = spec;
  const { env, envFrom, ...words } = contentOf(input);
  const securityContext = securityContextOf(effective.profile, spec.securityContext);
  return {
    name,
    image: spec.image,
    ...(spec.imagePullPolicy && { imagePullPolicy: spec.imagePullPolicy }),
    ...words,
    env,
    ...(envFrom.length > 0 && { envFrom }),
    ...(volumeMounts.length > 0 && { volumeMounts }),
    ...(spec.workingDir !== undefined && { workingDir: spec.workingDir }),
    ...(effective.stdin && { stdin: true }),
    ...(effective.tty && { tty: true }),
    terminationMessagePolicy: 'File',
    ...(targetContainerName !== undefined && { targetContainerName }),
    ...(securityContext && { securityContext }),
  };
}

/**
 * Without a supervisor all of it is as it was asked for. With one, nothing that the requester wrote reaches it as a
 * variable (docs/adr/0022).
 */
function contentOf(
  input: ContainerInput,
): Pick<EphemeralContainer, 'command' | 'args'> & { env: EnvVar[]; envFrom: EnvFromSource[] } {
  const { spec, effective, startBy, lastMoment } = input;
  const { command = [], args = [], envFrom = [] } = spec;
  if (effective.supervisor === 'None')
    return {
      ...(command.length > 0 && { command }),
      ...(args.length > 0 && { args }),
      env: named(input, spec.env),
      envFrom,
    };
  if (startBy === undefined || lastMoment === undefined)
    throw new Error('a supervised container needs startBy and lastMoment');
  const { words, env, envFrom: sources } = setApart(spec, command.length === 0 ? ['sh'] : [...command, ...args]);
  return {
    command: supervisedCommand({
      ttlSeconds: ttlSeconds(effective.ttl),
      startBy,
      lastMoment,
      tty: effective.tty,
      command: words,
    }),
    env: named(input, [...env, SUPERVISOR_ENV]),
    envFrom: sources,
  };
}

/**
 * Our own come last and are in `env`, which wins over `envFrom` (kubelet, makeEnvironmentVariables): no key of a secret
 * takes their place.
 */
function named({ sessionUID, attempt }: ContainerInput, env: EnvVar[] = []): EnvVar[] {
  const own = [
    { name: UID_VARIABLE, value: sessionUID },
    { name: ATTEMPT_VARIABLE, value: String(attempt) },
  ];
  const taken = new Set(own.flatMap(({ name }) => [name, SET_PREFIX + name]));
  return [...env.filter((variable) => !taken.has(variable.name)), ...own];
}

/** Tells whether two containers are the same: sha256 (hex) over JSON with sorted keys. */
export function specHashOf(container: EphemeralContainer): string {
  return createHash('sha256').update(canonicalJson(container)).digest('hex');
}
