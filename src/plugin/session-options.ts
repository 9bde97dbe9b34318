import { parseDuration } from '../api/duration.ts';
import type { Attacher, DebugSessionSpec, SupervisorMode } from '../api/debugsession.ts';
import type { EnvVar, VolumeMount } from '../api/ephemeral-container.ts';
import { PROFILE_NAMES } from '../api/profiles.ts';
import { nearest } from '../text/nearest.ts';
import { oneLine } from '../text/one-line.ts';

/** The flags of `start` that say what the session is to be, as they were typed. */
export interface SessionOptions {
  image?: string;
  ttl?: string;
  profile?: string;
  policy?: string;
  reason?: string;
  env?: readonly string[];
  attacher?: readonly string[];
  asUser?: string;
  volume?: readonly string[];
  supervisor?: string;
  /** With a command: it gets a terminal as well. */
  tty?: boolean;
  /** What stands behind `--`. */
  command?: readonly string[];
}

/** A session's spec as far as the flags say it. Each fault is one printable line. */
export interface ReadOptions {
  spec: Omit<DebugSessionSpec, 'target' | 'image' | 'attempt'> & { image?: string };
  faults: string[];
}

const SUPERVISORS: readonly SupervisorMode[] = ['Shell', 'None'];
const ATTACHERS: Readonly<Record<string, Attacher['kind']>> = {
  user: 'User',
  group: 'Group',
  serviceaccount: 'ServiceAccount',
  sa: 'ServiceAccount',
};
const MAX_QUOTE = 150;

/** Reads the flags. What a flag may hold that only the API server knows (lengths, names) is left to the API server. */
export function readSessionOptions(options: SessionOptions): ReadOptions {
  const faults: string[] = [];
  const read = <T>(value: string | undefined, how: (text: string) => T): T | undefined => {
    if (value === undefined) return undefined;
    try {
      return how(value);
    } catch (error) {
      faults.push((error as Error).message);
      return undefined;
    }
  };
  const readAll = <T>(values: readonly string[] | undefined, how: (text: string) => T): T[] | undefined =>
    values?.flatMap((value) => read(value, how) ?? []);
  const { command, tty } = options;
  const spec: WithAbsent<ReadOptions['spec']> = {
    image: read(options.image, imageName),
    command: command === undefined || command.length === 0 ? undefined : [...command],
    stdin: tty === true ? true : undefined,
    tty: tty === true ? true : undefined,
    ttl: read(options.ttl, duration),
    profile: read(options.profile, oneOf('--profile', PROFILE_NAMES)),
    supervisor: read(options.supervisor, oneOf('--supervisor', SUPERVISORS)),
    policyName: read(options.policy, someText('--policy')),
    justification: options.reason,
    env: readAll(options.env, variable),
    attachers: readAll(options.attacher, attacher),
    volumeMounts: readAll(options.volume, volume),
    securityContext: read(options.asUser, userAndGroup),
  };
  return { spec: withoutUndefined<ReadOptions['spec']>(spec), faults };
}

/** `-it`, as kubectl debug has it, is read as `-i t`. */
function imageName(text: string): string {
  if (text === 't') throw new Error('-it asks for the image t: leave it out for a shell; for a command say --tty');
  return someText('--image')(text);
}

function someText(flag: string): (text: string) => string {
  return (text) => {
    if (text.trim() === '') throw new Error(`${flag} is empty`);
    return text;
  };
}

function duration(text: string): string {
  try {
    parseDuration(text);
    return text;
  } catch {
    throw new Error(`--ttl must be a duration such as 45s, 30m or 1h30m, not ${quoted(text)}`);
  }
}

/** In any case, as people type words. */
function oneOf<T extends string>(flag: string, known: readonly T[]): (text: string) => T {
  return (text) => {
    const found = known.find((one) => one.toLowerCase() === text.toLowerCase());
    if (found !== undefined) return found;
    const meant = nearest(text, known);
    const hint = meant === undefined ? `known are ${known.join(', ')}` : `did you mean ${meant}?`;
    throw new Error(`${flag} ${quoted(text)} is not known: ${hint}`);
  };
}

function variable(text: string): EnvVar {
  const [, name, value] = /^([^=]+)=([^]*)$/.exec(text) ?? [];
  // The text may hold a password, and so is not shown.
  if (name === undefined || value === undefined) throw new Error('--env must be NAME=VALUE; one of them is not');
  return { name, value };
}

function attacher(text: string): Attacher {
  const [, type = '', name = ''] = /^([^:]*):(.+)$/.exec(text) ?? [];
  const kind = Object.hasOwn(ATTACHERS, type.toLowerCase()) ? ATTACHERS[type.toLowerCase()] : undefined;
  if (kind === undefined) {
    const how = 'user:NAME, group:NAME or serviceaccount:[NAMESPACE/]NAME';
    throw new Error(`--attacher must be ${how}, not ${quoted(text)}`);
  }
  const [namespace = '', account] = name.split('/');
  if (kind === 'ServiceAccount' && account !== undefined) return { kind, name: account, namespace };
  return { kind, name };
}

function volume(text: string): VolumeMount {
  const [, name, mountPath, readOnly] = /^([^:]+):([^:]+)(:ro)?$/.exec(text) ?? [];
  if (name === undefined || mountPath === undefined) {
    throw new Error(`--volume must be VOLUME:PATH or VOLUME:PATH:ro, not ${quoted(text)}`);
  }
  return { name, mountPath, ...(readOnly !== undefined && { readOnly: true }) };
}

function userAndGroup(text: string): { runAsUser: number; runAsGroup?: number } {
  const [, user, group] = /^([0-9]{1,10})(?::([0-9]{1,10}))?$/.exec(text) ?? [];
  if (user === undefined) throw new Error(`--as-user must be UID or UID:GID in numbers, not ${quoted(text)}`);
  return { runAsUser: Number(user), ...(group !== undefined && { runAsGroup: Number(group) }) };
}

/** The same fields, of which each may be undefined instead of absent. */
type WithAbsent<T> = { [K in keyof T]: T[K] | undefined };

function withoutUndefined<T extends object>(object: WithAbsent<T>): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

function quoted(text: string): string {
  return JSON.stringify(oneLine(text, MAX_QUOTE));
}
