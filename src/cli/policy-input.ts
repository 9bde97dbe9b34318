import { DNS_LABEL, isObjectName } from '../api/names.ts';
import { type DebugPolicySpec, POLICY_KIND } from '../api/debugpolicy.ts';
import { API_VERSION, type DebugSessionSpec, KIND } from '../api/debugsession.ts';
import { nearest } from '../text/nearest.ts';
import { judgedFields, type JudgedPod, type RawContainer, type RawPodFields } from '../policy/pod-fields.ts';
import { oneLine } from '../text/one-line.ts';
import { findingLine, shown, type Place, type Finding } from './finding-line.ts';
import { type FieldPath, readDocuments } from './input-documents.ts';
import { type Schema, SchemaCheck, withoutNulls } from './schema-findings.ts';
import { isObject } from './values.ts';

/** A DebugSession as far as a policy looks at it. */
export interface GivenSession {
  namespace: string;
  name: string;
  spec: DebugSessionSpec;
}

/** What was found in the files. Pods by `namespace/name`. */
export interface PolicyInput {
  policies: Map<string, DebugPolicySpec>;
  sessions: GivenSession[];
  pods: Map<string, JudgedPod>;
  /** The labels of each namespace. */
  namespaces: Map<string, Record<string, string>>;
  /** Kinds that were passed over. */
  otherKinds: Set<string>;
  /** Each one printable line; with any, the rest is not to be used. */
  faults: string[];
}

/** The schemas of crds/. */
export interface ResourceSchemas {
  policy: Schema;
  session: Schema;
}

/** Of more than these nobody reads the rest, and a file may have a million. */
const MAX_FAULTS = 50;

const OUR_KINDS: readonly string[] = [POLICY_KIND, KIND];

const TEXT: Schema = { type: 'string' };
const BOOLEAN: Schema = { type: 'boolean' };
const LABELS: Schema = { type: 'object', additionalProperties: TEXT };
/** Rules see an empty name where there is none: the one that is yet to be generated is short enough for them. */
const METADATA = {
  ...open({ name: { ...TEXT, default: '' }, generateName: TEXT, namespace: TEXT, labels: LABELS }),
  default: {},
};
const CONTAINERS = listOf({
  name: TEXT,
  restartPolicy: TEXT,
  securityContext: open({
    privileged: BOOLEAN,
    procMount: TEXT,
    capabilities: open({ add: { type: 'array', items: TEXT } }),
  }),
  volumeMounts: listOf({ name: TEXT, readOnly: BOOLEAN }),
  volumeDevices: listOf({}),
});
const VOLUMES = listOf({ name: TEXT, hostPath: open({}) });
const POD_SPEC = { shareProcessNamespace: BOOLEAN, hostPID: BOOLEAN, hostNetwork: BOOLEAN, hostIPC: BOOLEAN };
const POD = open({ spec: open({ ...POD_SPEC, containers: CONTAINERS, initContainers: CONTAINERS, volumes: VOLUMES }) });
const NAMESPACE = open({});

/** An object of which these fields are looked at, and others may be there. */
function open(properties: Record<string, Schema>): Schema {
  return { type: 'object', properties, 'x-kubernetes-preserve-unknown-fields': true };
}

/** A list of such objects. */
function listOf(properties: Record<string, Schema>): Schema {
  return { type: 'array', items: open(properties) };
}

export interface ReaderOptions {
  schemas: ResourceSchemas;
  /** Of what says none. */
  namespace: string;
}

interface Metadata {
  name: string;
  namespace: string;
  labels?: Record<string, string>;
}

/** Where something stands. */
interface Spot {
  place: Place;
  path: FieldPath;
}

/** How an object of a kind is checked and kept. */
interface Kind {
  schema: Schema;
  keep: (object: unknown, metadata: Metadata, spot: Spot) => void;
}

/**
 * Reads what a policy is judged by out of YAML streams and JSON files, Lists too. Untrusted input: nothing of it gets
 * on unchecked.
 */
export class PolicyInputReader {
  readonly #namespace: string;
  readonly #kinds: ReadonlyMap<string, Kind>;
  readonly #input: PolicyInput = {
    policies: new Map(),
    sessions: [],
    pods: new Map(),
    namespaces: new Map(),
    otherKinds: new Set(),
    faults: [],
  };
  readonly #check = new SchemaCheck();
  #more = 0;

  constructor({ schemas, namespace }: ReaderOptions) {
    this.#namespace = namespace;
    this.#kinds = new Map<string, Kind>([
      [`${API_VERSION} ${POLICY_KIND}`, { schema: schemas.policy, keep: (...given) => this.#keepPolicy(...given) }],
      [
        `${API_VERSION} ${KIND}`,
        { schema: schemas.session, keep: (object, metadata) => this.#keepSession(object, metadata) },
      ],
      ['v1 Pod', { schema: POD, keep: (object, metadata) => this.#keepPod(object, metadata) }],
      [
        'v1 Namespace',
        { schema: NAMESPACE, keep: (_, { name, labels = {} }) => this.#input.namespaces.set(name, labels) },
      ],
    ]);
  }

  /** `source` is what messages call the text. */
  read(text: string, source: string): void {
    const { documents, faults } = readDocuments(text);
    for (const { document, line, message } of faults) {
      this.#complain(() => oneLine(`${source}: document ${document}, line ${line}: ${message}`, 2_000));
    }
    for (const document of documents) this.#take(document.value, { path: [], place: { source, document } });
  }

  /** What was read. */
  get input(): PolicyInput {
    const faults = [...this.#input.faults];
    if (this.#more > 0) faults.push(`and ${this.#more} more`);
    return { ...this.#input, faults };
  }

  #take(value: unknown, spot: Spot): void {
    const { path } = spot;
    if (!isObject(value)) return this.#fault(spot, { path, message: `must be an object, found ${shown(value)}` });
    const { apiVersion, kind, items } = value;
    const type = `${String(apiVersion)} ${String(kind)}`;
    const known = this.#kinds.get(type);
    if (known !== undefined) this.#takeKnown(known, value, spot);
    else if (type === 'v1 List' && Array.isArray(items)) {
      for (const [index, item] of items.entries()) this.#take(item, { ...spot, path: [...path, 'items', index] });
    } else if (typeof kind !== 'string' || kind === '' || isOurs(apiVersion, kind)) {
      const message = `there is no apiVersion ${shown(apiVersion)}, kind ${shown(kind)}`;
      this.#fault(spot, { path, message: `${message}: ${hint(apiVersion, kind)}` });
    } else this.#input.otherKinds.add(oneLine(kind, 63));
  }

  #takeKnown({ schema, keep }: Kind, value: Record<string, unknown>, spot: Spot): void {
    const whole = { ...schema, properties: { ...schema.properties, metadata: METADATA } };
    if (!this.#report(this.#check.findings(whole, value, spot.path), spot)) return;
    const object = withoutNulls(value) as { metadata?: GivenMetadata };
    const metadata = this.#metadata(object.metadata ?? {}, spot);
    if (metadata !== undefined) keep(object, metadata, spot);
  }

  #keepPolicy(object: unknown, { name }: Metadata, spot: Spot): void {
    const { spec } = object as { spec: DebugPolicySpec };
    if (this.#input.policies.has(name)) {
      this.#fault(spot, { path: spot.path, message: `DebugPolicy ${name} is given twice` });
    }
    this.#input.policies.set(name, spec);
  }

  #keepSession(object: unknown, { name, namespace }: Metadata): void {
    const { spec } = object as { spec: DebugSessionSpec };
    this.#input.sessions.push({ namespace, name, spec });
  }

  #keepPod(object: unknown, metadata: Metadata): void {
    this.#input.pods.set(`${metadata.namespace}/${metadata.name}`, podOf(object as GivenPod, metadata));
  }

  /** Name and namespace of an object; undefined where something is wrong with them, which has been said then. */
  #metadata({ name, generateName, namespace, labels }: GivenMetadata, spot: Spot): Metadata | undefined {
    const at = [...spot.path, 'metadata'];
    // What the API server will put behind it cannot be known.
    const isGenerated = name === undefined && generateName !== undefined && isObjectName(`${generateName}x`);
    if (!isGenerated && !isObjectName(name)) {
      this.#fault(spot, { path: [...at, 'name'], message: `must be a name, found ${shown(name ?? generateName)}` });
      return undefined;
    }
    if (namespace !== undefined && !DNS_LABEL.test(namespace)) {
      const message = `must be the name of a namespace, found ${shown(namespace)}`;
      this.#fault(spot, { path: [...at, 'namespace'], message });
      return undefined;
    }
    return { name: name ?? `${generateName}*`, namespace: namespace ?? this.#namespace, ...(labels && { labels }) };
  }

  /** Whether there was nothing to report. */
  #report(findings: Iterable<Finding>, spot: Spot): boolean {
    let isFine = true;
    for (const finding of findings) {
      isFine = false;
      this.#fault(spot, finding);
    }
    return isFine;
  }

  #fault({ place }: Spot, finding: Finding): void {
    this.#complain(() => findingLine(place, finding));
  }

  /** A line is made only if it is going to be read: to look its number up takes time. */
  #complain(line: () => string): void {
    if (this.#input.faults.length < MAX_FAULTS) this.#input.faults.push(line());
    else this.#more += 1;
  }
}

/** Whether it looks like a kind of this project, so that it must not be passed over. */
function isOurs(apiVersion: unknown, kind: string): boolean {
  return OUR_KINDS.includes(kind) || String(apiVersion).split('/')[0] === API_VERSION.split('/')[0];
}

function hint(apiVersion: unknown, kind: unknown): string {
  const meant = apiVersion === API_VERSION && typeof kind === 'string' ? nearest(kind, OUR_KINDS) : undefined;
  return meant === undefined ? `policies and sessions are of ${API_VERSION}` : `did you mean ${meant}?`;
}

type GivenMetadata = Partial<Metadata> & { generateName?: string };

interface GivenPod {
  spec?: Partial<RawPodFields>;
}

function podOf({ spec = {} }: GivenPod, { name, labels }: Metadata): JudgedPod {
  const { containers = [], initContainers = [], volumes = [] } = spec;
  // What is written by hand may have forgotten a name.
  const named = (container: RawContainer): RawContainer => ({ ...container, name: container.name ?? '' });
  const judged = { ...spec, containers: containers.map(named), initContainers: initContainers.map(named), volumes };
  return { metadata: { name, ...(labels && { labels }) }, spec: judgedFields(judged) };
}
