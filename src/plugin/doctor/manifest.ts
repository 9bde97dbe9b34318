import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** An object of config/. */
export interface Manifest {
  kind: string;
  metadata: { name: string };
  spec?: unknown;
  rules?: Rule[];
}

/** A rule of RBAC (rbac.authorization.k8s.io/v1 PolicyRule). */
export interface Rule {
  apiGroups: readonly string[];
  resources: readonly string[];
  resourceNames?: readonly string[];
  verbs: readonly string[];
}

/** The objects as JSON. The build puts them in (scripts/plugin.ts); the sources have no such name. */
declare const EMBEDDED_MANIFESTS: Manifest[];

const POLICIES = ['requester', 'verdict', 'guard', 'confine', 'fill-in-requester', 'fill-in-finalizer'].map(
  (name) => `admission/${name}`,
);
const FILES = [
  ...[...POLICIES, 'rbac/confine-exec'].flatMap((name) => [`${name}-policy`, `${name}-policy-binding`]),
  ...['manager', 'manager-exec', 'manager-attach', 'policy-reader', 'debugsession-user'].map(
    (name) => `rbac/${name}-role`,
  ),
];

/** The admission policies and roles of this repository that `kubectl dbg doctor` compares with those of a cluster. */
export function readManifests(): Manifest[] {
  return FILES.map((name) => {
    const file = new URL(`../../../config/${name}.yaml`, import.meta.url);
    return parse(readFileSync(file, 'utf8')) as Manifest;
  });
}

/** The admission policies and roles of this release. */
export function ownManifests(): Manifest[] {
  return typeof EMBEDDED_MANIFESTS === 'undefined' ? readManifests() : EMBEDDED_MANIFESTS;
}
