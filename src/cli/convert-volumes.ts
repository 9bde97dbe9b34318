import { DNS_LABEL } from '../api/names.ts';
import type { VolumeMount } from '../api/ephemeral-container.ts';
import type { Draft } from './draft.ts';
import type { FieldPath } from './input-documents.ts';
import { isNothing, isObject } from './values.ts';

// The places of crds/debugsessions.debugsession.dev.yaml.
const PLACE = /^(\/[^/:\p{Cc}]+)+$/u;
const NO_PLACE = /\/\.\.?(\/|$)|^\/(dev|proc|sys)(\/|$)/;

/** `volumeMounts`: each as a whole, or not at all. */
export function takeVolumeMounts(value: unknown, path: FieldPath, draft: Draft): void {
  if (!Array.isArray(value)) {
    draft.faults.push({ path, message: 'must be a list' });
    return;
  }
  const taken = new Map<string, VolumeMount>();
  for (const [index, entry] of (value as unknown[]).entries()) {
    const at = [...path, index];
    const mount = readMount(entry, at, draft);
    if (mount === undefined) continue;
    if (!taken.has(mount.mountPath)) taken.set(mount.mountPath, mount);
    else draft.leftOut.push({ path: at, message: 'another volume is mounted at the same place' });
  }
  if (taken.size > 0) draft.spec['volumeMounts'] = [...taken.values()];
}

function readMount(entry: unknown, path: FieldPath, draft: Draft): VolumeMount | undefined {
  const { name, mountPath, readOnly, subPath, subPathExpr, ...unknown } = isObject(entry) ? entry : {};
  const leaveOut = (message: string): undefined => void draft.leftOut.push({ path, message });
  // The whole volume in its place would show more than was asked for.
  if (!isNothing(subPath) || !isNothing(subPathExpr)) return leaveOut('an ephemeral container cannot have a subPath');
  if (typeof name !== 'string' || !DNS_LABEL.test(name)) return leaveOut('must have the name of a volume');
  if (!isPlace(mountPath))
    return leaveOut(
      'only an absolute mountPath outside of /dev, /proc and /sys, without / at its end, can be taken over',
    );
  if (!isNothing(readOnly) && typeof readOnly !== 'boolean') return leaveOut('readOnly must be true or false');
  for (const key of Object.keys(unknown)) {
    if (!isNothing(unknown[key]))
      draft.leftOut.push({ path: [...path, key], message: 'a session has no such setting' });
  }
  return { name, mountPath, ...(typeof readOnly === 'boolean' && { readOnly }) };
}

function isPlace(path: unknown): path is string {
  return typeof path === 'string' && path.length <= 1024 && PLACE.test(path) && !NO_PLACE.test(path);
}
