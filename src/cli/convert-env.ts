import { isObjectName } from '../api/names.ts';
import type { EnvFromSource, EnvVar } from '../api/ephemeral-container.ts';
import type { Draft } from './draft.ts';
import type { FieldPath } from './input-documents.ts';
import { isNothing, isObject } from './values.ts';

const ENV_NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]{0,255}$/;
const KEY = /^(?!\.$|\.\.)[-._a-zA-Z0-9]{1,253}$/;
const KEY_REF = { kinds: ['secretKeyRef', 'configMapKeyRef'], hasKey: true };
const SOURCE_REF = { kinds: ['secretRef', 'configMapRef'], hasKey: false };

/** `env`: of two variables with one name the later counts, as it does for the kubelet. */
export function takeEnv(value: unknown, path: FieldPath, draft: Draft): void {
  if (!Array.isArray(value)) {
    draft.faults.push({ path, message: 'must be a list' });
    return;
  }
  const taken = new Map<string, { path: FieldPath; variable: EnvVar }>();
  for (const [index, entry] of (value as unknown[]).entries()) {
    const at = [...path, index];
    const variable = readVariable(entry, at, draft);
    if (variable === undefined) continue;
    const earlier = taken.get(variable.name);
    if (earlier !== undefined)
      draft.leftOut.push({ path: earlier.path, message: 'a later entry has the same name and wins' });
    // Taken away first: the order counts where one variable refers to another.
    taken.delete(variable.name);
    taken.set(variable.name, { path: at, variable });
  }
  if (taken.size > 0) draft.spec['env'] = [...taken.values()].map(({ variable }) => variable);
}

function readVariable(entry: unknown, path: FieldPath, draft: Draft): EnvVar | undefined {
  const { name, value, valueFrom, ...unknown } = isObject(entry) ? entry : {};
  if (typeof name !== 'string' || !ENV_NAME.test(name)) {
    draft.faults.push({ path, message: 'must have the name of a variable' });
    return undefined;
  }
  const obstacle = isNothing(valueFrom) ? undefined : obstacleTo(valueFrom, value);
  if (obstacle !== undefined) {
    draft.leftOut.push({ path, message: `the whole variable: ${obstacle}` });
    return undefined;
  }
  for (const key of Object.keys(unknown)) {
    if (unknown[key] !== null) draft.leftOut.push({ path: [...path, key], message: 'unknown field' });
  }
  const source = isNothing(valueFrom) ? undefined : readRef(valueFrom, KEY_REF);
  if (source !== undefined) return { name, valueFrom: source };
  if (typeof value === 'string') return { name, value };
  if (value === undefined || value === null) return { name };
  draft.faults.push({ path: [...path, 'value'], message: 'must be a text (numbers, true and the like need quotes)' });
  return undefined;
}

/** Why a variable with this source cannot be taken over. */
function obstacleTo(valueFrom: unknown, value: unknown): string | undefined {
  if (!isNothing(value)) return 'it has both value and valueFrom';
  if (readRef(valueFrom, KEY_REF) !== undefined) return undefined;
  return 'a session takes values out of a key of a secret or a config map only';
}

/** `envFrom`: each source as a whole, or not at all. */
export function takeEnvFrom(value: unknown, path: FieldPath, draft: Draft): void {
  if (!Array.isArray(value)) {
    draft.faults.push({ path, message: 'must be a list' });
    return;
  }
  const taken: EnvFromSource[] = [];
  for (const [index, entry] of (value as unknown[]).entries()) {
    const source = readSource(entry);
    if (source !== undefined) taken.push(source);
    else
      draft.leftOut.push({
        path: [...path, index],
        message: 'only a prefix and one secretRef or configMapRef can be taken over',
      });
  }
  if (taken.length > 0) draft.spec['envFrom'] = taken;
}

function readSource(entry: unknown): EnvFromSource | undefined {
  const { prefix, ...refs } = isObject(entry) ? entry : {};
  const ref = readRef(refs, SOURCE_REF);
  if (ref === undefined || isNothing(prefix)) return ref;
  return typeof prefix === 'string' && ENV_NAME.test(prefix) ? { prefix, ...ref } : undefined;
}

/** The one reference of `value`, under its kind; undefined if there are more, or a session cannot have it as it is. */
function readRef(value: unknown, wanted: { kinds: string[]; hasKey: boolean }): object | undefined {
  const [one, ...more] = Object.entries(value ?? {}).filter(([, ref]) => !isNothing(ref));
  if (one === undefined || more.length > 0) return undefined;
  const [kind, ref] = one as [string, unknown];
  const { name, key, optional, ...unknown } = isObject(ref) ? ref : {};
  if (!wanted.kinds.includes(kind) || !isObjectName(name) || !Object.values(unknown).every(isNothing)) return undefined;
  if (wanted.hasKey ? typeof key !== 'string' || !KEY.test(key) : !isNothing(key)) return undefined;
  const always = { name, ...(wanted.hasKey && { key }) };
  if (isNothing(optional)) return { [kind]: always };
  return typeof optional === 'boolean' ? { [kind]: { ...always, optional } } : undefined;
}
