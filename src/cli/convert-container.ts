import { DNS_LABEL } from '../api/names.ts';
import { takeEnv, takeEnvFrom } from './convert-env.ts';
import { takeVolumeMounts } from './convert-volumes.ts';
import type { Draft, Field } from './draft.ts';
import type { FieldPath } from './input-documents.ts';
import { isNothing, isObject } from './values.ts';

/** Bound of crds/debugsessions.debugsession.dev.yaml, and of core/v1. */
const MAX_ID = 2_147_483_647;

const notForEphemeral = 'an ephemeral container cannot have it';
const NO_COUNTERPART: ReadonlyMap<string, string> = new Map([
  ['stdinOnce', 'a session stays attachable until it ends'],
  ['volumeDevices', 'a session has no block devices'],
  ['terminationMessagePath', 'the operator uses /dev/termination-log'],
  ['terminationMessagePolicy', 'the operator uses File'],
  ...['ports', 'resources', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'].map(
    (name) => [name, notForEphemeral] as const,
  ),
]);

const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ['name', takeName('name')],
  ['image', (value, path, draft) => takeImage(value, path, draft)],
  ['command', take('command', list)],
  ['args', take('args', list)],
  ['env', takeEnv],
  ['envFrom', takeEnvFrom],
  ['volumeMounts', takeVolumeMounts],
  ['workingDir', take('workingDir', matching(/^\//, 'only an absolute path can be taken over'))],
  ['imagePullPolicy', take('imagePullPolicy', matching(/^(Always|IfNotPresent|Never)$/, 'not a pull policy'))],
  ['stdin', take('stdin', boolean)],
  ['tty', take('tty', boolean)],
  ['securityContext', (value, path, draft) => takeSecurityContext(value, path, draft)],
  ['targetContainerName', takeName('targetContainerName')],
]);

/**
 * One element of `ephemeralContainers`, which stands at `path`. Every field of it is taken over, left out or a fault;
 * none is passed over.
 */
export function convertContainer(container: unknown, path: FieldPath): Draft {
  const draft: Draft = { name: '', spec: {}, leftOut: [], notes: [], faults: [] };
  if (!isObject(container)) {
    draft.faults.push({ path, message: 'must be an object' });
    return draft;
  }
  for (const [key, value] of Object.entries(container)) takeField(FIELDS.get(key), key, value, { path, draft });
  for (const key of ['name', 'image']) {
    if (isNothing(container[key])) draft.faults.push({ path: [...path, key], message: 'is missing' });
  }
  settle(draft, path);
  return draft;
}

function takeField(field: Field | undefined, key: string, value: unknown, at: { path: FieldPath; draft: Draft }): void {
  const path = [...at.path, key];
  const reason = NO_COUNTERPART.get(key);
  if (value === null || ((field !== undefined || reason !== undefined) && isNothing(value))) return;
  if (field !== undefined) field(value, path, at.draft);
  else at.draft.leftOut.push({ path, message: reason ?? 'unknown field' });
}

/** What the legacy container meant by leaving something out, said as the session must say it. */
function settle(draft: Draft, path: FieldPath): void {
  const { spec } = draft;
  // The legacy container had its securityContext and nothing besides; without a profile a session is `general` and adds
  // SYS_PTRACE.
  spec['profile'] = 'baseline';
  if (spec['tty'] === true && spec['stdin'] !== true) {
    // The schema refuses a terminal that nobody can type into.
    delete spec['tty'];
    draft.leftOut.push({ path: [...path, 'tty'], message: 'tty needs stdin' });
  }
  if (spec['command'] !== undefined) return;
  spec['supervisor'] = 'None';
  // Without a command a session is interactive unless it says otherwise; the legacy container was not unless it said
  // so.
  spec['stdin'] ??= false;
  spec['tty'] ??= false;
  const what = spec['args'] === undefined ? 'no command' : 'args without command';
  draft.notes.push({
    path,
    message: `${what}: the image's ENTRYPOINT runs, which the sh supervisor cannot wrap; supervisor None is set, so nothing inside the container ends it`,
  });
}

type Read = (value: unknown) => { value: unknown } | { fault: string } | { leftOut: string };

/** Takes a field over under `name` in `to` (default: the spec). */
function take(name: string, read: Read, to = (draft: Draft) => draft.spec): Field {
  return (value, path, draft) => {
    const result = read(value);
    if ('fault' in result) draft.faults.push({ path, message: result.fault });
    else if ('leftOut' in result) draft.leftOut.push({ path, message: result.leftOut });
    else to(draft)[name] = result.value;
  };
}

function boolean(value: unknown): ReturnType<Read> {
  return typeof value === 'boolean' ? { value } : { fault: 'must be true or false' };
}

function list(value: unknown): ReturnType<Read> {
  const texts = Array.isArray(value) && value.every((item) => typeof item === 'string');
  return texts ? { value } : { fault: 'must be a list of texts (numbers, true and the like need quotes)' };
}

function matching(pattern: RegExp, otherwise: string): Read {
  return (value) => {
    if (typeof value !== 'string') return { fault: 'must be a text (numbers, true and the like need quotes)' };
    return pattern.test(value) ? { value } : { leftOut: otherwise };
  };
}

function id(value: unknown): ReturnType<Read> {
  if (!Number.isInteger(value)) return { fault: 'must be a whole number' };
  return Number(value) >= 0 && Number(value) <= MAX_ID ? { value } : { leftOut: `must be from 0 to ${MAX_ID}` };
}

function takeName(field: 'name' | 'targetContainerName'): Field {
  return (value, path, draft) => {
    if (typeof value === 'string' && DNS_LABEL.test(value)) draft[field] = value;
    else draft.faults.push({ path, message: 'must be the name of a container' });
  };
}

function takeImage(value: unknown, path: FieldPath, draft: Draft): void {
  if (typeof value === 'string' && /^[!-~]{1,1024}$/.test(value)) draft.spec['image'] = value;
  else draft.faults.push({ path, message: 'must be an image reference such as busybox:1.36' });
}

/** A field of an object inside the spec, made when the first of its fields is taken. */
function inside(...names: string[]): (draft: Draft) => Record<string, unknown> {
  return (draft) => {
    let object = draft.spec;
    for (const name of names) object = (object[name] ??= {}) as Record<string, unknown>;
    return object;
  };
}

const SECURITY_FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ...['allowPrivilegeEscalation', 'privileged', 'readOnlyRootFilesystem', 'runAsNonRoot'].map(
    (name) => [name, take(name, boolean, inside('securityContext'))] as const,
  ),
  ...['runAsGroup', 'runAsUser'].map((name) => [name, take(name, id, inside('securityContext'))] as const),
  ['capabilities', (value, path, draft) => takeObject(value, path, { draft, fields: CAPABILITY_FIELDS })],
  ['seccompProfile', (value, path, draft) => takeSeccomp(value, path, draft)],
]);

const CAPABILITY_FIELDS: ReadonlyMap<string, Field> = new Map(
  ['add', 'drop'].map((name) => [name, take(name, list, inside('securityContext', 'capabilities'))]),
);

const SECCOMP_FIELDS: ReadonlyMap<string, Field> = new Map([
  ['type', take('type', matching(/^/, ''), inside('securityContext', 'seccompProfile'))],
  ['localhostProfile', take('localhostProfile', matching(/^/, ''), inside('securityContext', 'seccompProfile'))],
]);

function takeSecurityContext(value: unknown, path: FieldPath, draft: Draft): void {
  takeObject(value, path, { draft, fields: SECURITY_FIELDS });
}

function takeSeccomp(value: unknown, path: FieldPath, draft: Draft): void {
  const known = isObject(value) && /^(RuntimeDefault|Unconfined|Localhost)$/.test(String(value['type']));
  if (known) takeObject(value, path, { draft, fields: SECCOMP_FIELDS });
  else draft.leftOut.push({ path, message: 'type must be RuntimeDefault, Unconfined or Localhost' });
}

function takeObject(value: unknown, path: FieldPath, to: { draft: Draft; fields: ReadonlyMap<string, Field> }): void {
  const { draft, fields } = to;
  if (!isObject(value)) {
    draft.faults.push({ path, message: 'must be an object' });
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    const field = fields.get(key);
    if (item === null || (field !== undefined && isNothing(item))) continue;
    if (field !== undefined) field(item, [...path, key], draft);
    else draft.leftOut.push({ path: [...path, key], message: 'a session has no such setting' });
  }
}
