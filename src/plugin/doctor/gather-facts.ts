import { DEFAULT_POLICY } from '../../api/debugpolicy.ts';
import { API_VERSION } from '../../api/debugsession.ts';
import { fromTimestamp } from '../../api/time.ts';
import type { Kubectl } from '../kubectl.ts';
import { POLICIES_PATH } from '../policy-lookup.ts';
import type { Deployment, Facts, Lease, Schema, WebhookConfiguration } from './facts.ts';
import type { Manifest, Rule } from './manifest.ts';
import { argumentOf, DEFAULT_LEASE, DEFAULT_OPERATOR_NAMESPACE } from './running-operator.ts';
import { type Reading, readingOf } from './reading.ts';
import { accessReviews, type OperatorQuestion } from './rights.ts';

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
/** By the labels of config/manager and of the chart. */
const DEPLOYMENTS = `deployments?labelSelector=${encodeURIComponent('app.kubernetes.io/name=debugsession,app.kubernetes.io/component=manager')}`;

interface ListOf<T> {
  items: T[];
}

export interface GatherOptions {
  namespace: string;
  /** As a flag says it. */
  operatorNamespace: string | undefined;
  /** What to ask of the operator's rights. */
  questions: readonly OperatorQuestion[];
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Reads everything that `kubectl dbg doctor` judges. A refused read is a fact as well.
 * @throws Fault without kubectl
 */
export async function gatherFacts(kubectl: Kubectl, options: GatherOptions): Promise<Facts> {
  const { namespace, questions, now } = options;
  const read = <T>(path: string): Promise<Reading<T>> => readPath<T>(kubectl, path);
  const [place, surroundings] = await Promise.all([
    findOperator(kubectl, options),
    Promise.all([
      read<Facts['version'] extends Reading<infer T> ? T : never>('/version'),
      read<{ resources: { name: string }[] }>('/api/v1'),
      read<{ resources: { name: string }[] }>(ADMISSION),
      read<{ components?: { schemas?: Record<string, KindSchema> } }>(`/openapi/v3/apis/${API_VERSION}`),
      read<{ metadata: { labels?: Record<string, string> } }>(`/api/v1/namespaces/${namespace}`),
      readMyRules(kubectl, namespace),
      readServerTime(kubectl, now),
      listOf<WebhookConfiguration>(kubectl, WEBHOOKS),
      listOf<Manifest>(kubectl, POLICIES),
      read<unknown>(`${POLICIES_PATH}/${DEFAULT_POLICY}`),
    ]),
  ]);
  const [version, core, admission, openApi, labels, myRules, time, webhooks, policies, defaultPolicy] = surroundings;
  const [lease, operatorAnswers] = await Promise.all([
    read<Lease>(leasePath(place)),
    readAnswers(kubectl, accessReviews(questions, { ...place, namespace })),
  ]);
  return {
    namespace,
    ...place,
    ...time,
    version,
    coreResources: map(core, namesOf),
    admissionResources: map(admission, namesOf),
    schemas: map(openApi, ({ components }) => byKind(Object.values(components?.schemas ?? {}))),
    policies,
    defaultPolicy,
    lease,
    namespaceLabels: map(labels, ({ metadata }) => metadata.labels ?? {}),
    webhooks,
    myRules,
    operatorAnswers,
  };
}

type Place = Pick<Facts, 'deployments' | 'operatorNamespace'>;

/** In every namespace where the person may look there, else in the one where it is by default. */
async function findOperator(kubectl: Kubectl, { operatorNamespace }: GatherOptions): Promise<Place> {
  const within = (path: string): Promise<Reading<ListOf<Deployment>>> => readPath(kubectl, `/apis/apps/v1/${path}`);
  const everywhere = operatorNamespace === undefined ? await within(DEPLOYMENTS) : undefined;
  const found = everywhere?.kind === 'read' ? everywhere.value.items : [];
  const place = operatorNamespace ?? found[0]?.metadata.namespace ?? DEFAULT_OPERATOR_NAMESPACE;
  const deployments = everywhere?.kind === 'read' ? everywhere : await within(`namespaces/${place}/${DEPLOYMENTS}`);
  return { deployments: map(deployments, ({ items }) => items), operatorNamespace: place };
}

function leasePath({ deployments, operatorNamespace }: Place): string {
  const [deployment] = deployments.kind === 'read' ? deployments.value : [];
  const place = argumentOf(deployment, 'leader-election-namespace') ?? operatorNamespace;
  const name = argumentOf(deployment, 'leader-election-id') ?? DEFAULT_LEASE;
  return `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(place)}/leases/${encodeURIComponent(name)}`;
}

async function readPath<T>(kubectl: Kubectl, path: string): Promise<Reading<T>> {
  return readingOf(await kubectl.call(['get', '--raw', path]), (stdout) => JSON.parse(stdout) as T);
}

const WEBHOOKS = [
  ['mutatingwebhookconfigurations', 'MutatingWebhookConfiguration'],
  ['validatingwebhookconfigurations', 'ValidatingWebhookConfiguration'],
] as const;

const POLICIES = [
  ['validatingadmissionpolicies', 'ValidatingAdmissionPolicy'],
  ['validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding'],
  ['mutatingadmissionpolicies', 'MutatingAdmissionPolicy'],
  ['mutatingadmissionpolicybindings', 'MutatingAdmissionPolicyBinding'],
] as const;

/**
 * The objects of several kinds. Items of a list do not say their kind. A kind that the cluster lacks has no objects.
 */
async function listOf<T extends { kind: string }>(
  kubectl: Kubectl,
  kinds: readonly (readonly [plural: string, kind: string])[],
): Promise<Reading<T[]>> {
  const read = ([plural]: readonly [string, string]): Promise<Reading<ListOf<T>>> =>
    readPath(kubectl, `${ADMISSION}/${plural}`);
  const readings = await Promise.all(kinds.map(read));
  const failed = readings.find(({ kind }) => kind === 'forbidden' || kind === 'failed');
  if (failed !== undefined && failed.kind !== 'read') return failed;
  const value = readings.flatMap((reading, index) =>
    reading.kind === 'read' ? reading.value.items.map((item) => ({ ...item, kind: kinds[index]?.[1] ?? '' })) : [],
  );
  return { kind: 'read', value };
}

/** The time of an object that the API server makes and does not keep: it tells its time in no other way to kubectl. */
async function readServerTime(
  kubectl: Kubectl,
  now: () => number,
): Promise<{ now: number; serverNow: number | undefined }> {
  const answer = await kubectl.call(['auth', 'whoami', '--output=json']);
  const { metadata } =
    answer.kind === 'done' ? (JSON.parse(answer.stdout) as { metadata: { creationTimestamp?: string } }) : {};
  return { now: now(), serverNow: fromTimestamp(metadata?.creationTimestamp) };
}

async function readMyRules(kubectl: Kubectl, namespace: string): Promise<Facts['myRules']> {
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectRulesReview',
    spec: { namespace },
  };
  const args = ['create', '--raw', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews'];
  return readingOf(await kubectl.call(args, { manifest: review }), (stdout) => {
    const { status } = JSON.parse(stdout) as { status: { resourceRules?: Rule[]; incomplete?: boolean } };
    return { rules: status.resourceRules ?? [], isIncomplete: status.incomplete === true };
  });
}

/** The answers of several SubjectAccessReviews, which kubectl sends one after the other. */
async function readAnswers(kubectl: Kubectl, manifest: object): Promise<Facts['operatorAnswers']> {
  const args = ['create', '--output=jsonpath={.status.allowed}{"\\n"}'];
  return readingOf(await kubectl.call(args, { manifest }), (stdout) =>
    stdout
      .trim()
      .split('\n')
      .map((line) => line === 'true'),
  );
}

function namesOf({ resources }: { resources: { name: string }[] }): string[] {
  return resources.map(({ name }) => name);
}

type KindSchema = Schema & { 'x-kubernetes-group-version-kind'?: { kind: string }[] };

function byKind(schemas: readonly KindSchema[]): Record<string, Schema> {
  return Object.fromEntries(
    schemas.flatMap((schema) =>
      (schema['x-kubernetes-group-version-kind'] ?? []).map(({ kind }) => [kind, schema] as const),
    ),
  );
}

function map<T, R>(reading: Reading<T>, transform: (value: T) => R): Reading<R> {
  return reading.kind === 'read' ? { kind: 'read', value: transform(reading.value) } : reading;
}
