import type { LabelSelector } from '../../api/label-selector.ts';
import type { Manifest, Rule } from './manifest.ts';
import type { Reading } from './reading.ts';

/** What `kubectl dbg doctor` reads in a cluster before it judges anything. */
export interface Facts {
  namespace: string;
  /** Where the operator is looked for: as the flag says, else where its Deployment is, else `debugsession-system`. */
  operatorNamespace: string;
  /** Milliseconds since the epoch, by the clock of this machine. */
  now: number;
  /** The same by the clock of the API server, to the second; the time of an object that it made just now. */
  serverNow: number | undefined;
  version: Reading<{ gitVersion: string; major: string; minor: string }>;
  /** Names of the resources of API group '', such as `pods/ephemeralcontainers`. */
  coreResources: Reading<readonly string[]>;
  /** Names of the resources of admissionregistration.k8s.io/v1. */
  admissionResources: Reading<readonly string[]>;
  /** The schemas of debugsession.dev/v1alpha1, by their kind. */
  schemas: Reading<Readonly<Record<string, Schema>>>;
  /** The admission policies and bindings of the cluster. */
  policies: Reading<readonly Manifest[]>;
  /** The DebugPolicy `default`. Absent: the operator judges by its built-in one. */
  defaultPolicy: Reading<unknown>;
  deployments: Reading<readonly Deployment[]>;
  lease: Reading<Lease>;
  namespaceLabels: Reading<Readonly<Record<string, string>>>;
  webhooks: Reading<readonly WebhookConfiguration[]>;
  /** The rights of the person in the namespace. */
  myRules: Reading<{ rules: readonly Rule[]; isIncomplete: boolean }>;
  /** The answers to `operatorQuestions`, in their order. */
  operatorAnswers: Reading<readonly boolean[]>;
}

/** As much of an OpenAPI schema as tells which fields there are. */
export interface Schema {
  properties?: Readonly<Record<string, Schema>>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
}

export interface Deployment {
  metadata: { name: string; namespace: string; labels?: Record<string, string> };
  spec: {
    replicas?: number;
    template: { spec: { serviceAccountName?: string; containers: { image: string; args?: string[] }[] } };
  };
  status?: { readyReplicas?: number };
}

export interface Lease {
  spec?: { holderIdentity?: string; leaseDurationSeconds?: number; renewTime?: string };
}

/** A MutatingWebhookConfiguration or a ValidatingWebhookConfiguration. */
export interface WebhookConfiguration {
  kind: string;
  metadata: { name: string };
  webhooks?: Webhook[];
}

export interface Webhook {
  name: string;
  failurePolicy?: 'Fail' | 'Ignore';
  namespaceSelector?: LabelSelector;
  rules?: { apiGroups?: string[]; apiVersions?: string[]; operations?: string[]; resources?: string[] }[];
}
