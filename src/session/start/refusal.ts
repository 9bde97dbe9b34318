import type { InjectionReason } from '../../api/reasons.ts';
import type { Objection } from '../look/objection.ts';
import { oneLine } from '../../text/one-line.ts';

/** The parts of a metav1.Status that tell one refusal from another. */
export interface ApiAnswer {
  /** HTTP status. */
  code: number;
  message: string;
  details?: { name?: string; causes?: { reason?: string; field?: string; message?: string }[] };
}

/** An injection that the API server did not take. */
interface Refused extends ApiAnswer {
  /** The name of the container that was sent. */
  container: string;
}

/**
 * Never: the same request will be refused again. Later: a passing fault, or one that the next look at the pod explains.
 */
type Rule = [
  applies: (answer: Refused) => boolean,
  finality: Objection['finality'],
  reason: InjectionReason,
  explain?: string,
];

const says =
  (pattern: RegExp) =>
  ({ message }: ApiAnswer): boolean =>
    pattern.test(message);

const code =
  (...codes: number[]) =>
  (answer: ApiAnswer): boolean =>
    codes.includes(answer.code);

const about =
  (field: RegExp, message: RegExp = /./) =>
  (answer: ApiAnswer): boolean =>
    answer.code === 422 &&
    (answer.details?.causes ?? []).some((cause) => field.test(cause.field ?? '') && message.test(cause.message ?? ''));

const both =
  (one: (answer: ApiAnswer) => boolean, other: (answer: ApiAnswer) => boolean) =>
  (answer: ApiAnswer): boolean =>
    one(answer) && other(answer);

/** A cause names each debug container that would be another one, or gone, afterwards (validation.go). */
const STANDS = /existing ephemeral containers "([^"]*)" may not be (?:changed|removed)/;

/**
 * The server adds how the container would change, line by line: the environment of somebody else's container is for no
 * status of ours.
 */
function withoutDifference(message: string): string {
  return message.replace(/(existing ephemeral containers "[^"]*" may not be (?:changed|removed))[^]*/, '$1');
}

/** What stands in the pod beside ours would be changed. We send ours alone, so somebody on the way does it. */
function changesOthers({ code: status, details, container }: Refused): boolean {
  const names = (details?.causes ?? []).map(({ message = '' }) => STANDS.exec(message)?.[1]);
  return status === 422 && names.some((name) => name !== undefined && name !== container);
}

const CHANGES_OTHERS =
  'An admission webhook or policy changes debug containers that are in the pod already, which Kubernetes forbids; let it change new ones only';
const POD_SECURITY =
  'The Pod Security level of the namespace forbids this container; use profile: restricted, and no securityContext that opens more';
const MISSING_RULE =
  'The operator may not inject; its role needs {apiGroups: [""], resources: ["pods/ephemeralcontainers"], verbs: ["patch"]}';
const FEATURE_OFF =
  'This API server does not serve pods/ephemeralcontainers: it is older than Kubernetes 1.30, or a proxy swallows the path';

/**
 * Every refusal of PATCH pods/ephemeralcontainers, the first rule that applies. The sources are the server's own: RBAC,
 * pod-security-admission, webhook and policy admission, validation.go, etcd's and the request's size limits, API
 * priority and fairness.
 */
const RULES: readonly Rule[] = [
  [says(/violates PodSecurity/), 'never', 'PodSecurityDenied', POD_SECURITY],
  [
    says(/admission webhook .* denied the request|ValidatingAdmissionPolicy .* denied request/),
    'never',
    'AdmissionDenied',
  ],
  [both(code(403), says(/cannot patch resource "pods\/ephemeralcontainers"/)), 'never', 'Forbidden', MISSING_RULE],
  [code(403), 'never', 'AdmissionDenied'],
  [both(code(404), ({ details }) => (details?.name ?? '') === ''), 'never', 'SubresourceUnavailable', FEATURE_OFF],
  [code(404), 'never', 'PodNotFound', 'The pod was deleted before the container could be injected'],
  [
    about(/^metadata\.uid$/),
    'never',
    'PodReplaced',
    'The pod was replaced by another pod of its name before the container could be injected',
  ],
  [both(code(422), says(/static pods do not support ephemeral containers/)), 'never', 'StaticPod'],
  [about(/targetContainerName/), 'never', 'TargetContainerNotFound'],
  [changesOthers, 'never', 'AdmissionDenied', CHANGES_OTHERS],
  // A container of our name with other content: what stands in the pod tells whether it is ours, changed by a webhook,
  // or somebody else's.
  [about(/^spec\.ephemeralContainers/, /may not be changed/), 'later', 'ContainerNameTaken'],
  [
    says(/request is too large|entity too large/i),
    'never',
    'TooLarge',
    'The pod has grown beyond what the API server stores',
  ],
  [code(413), 'never', 'TooLarge', 'The pod has grown beyond what the API server accepts'],
  // 401: the operator's own token was being rotated. 408, 409, 429 and 5xx: try again.
  [code(401, 408, 409, 429), 'later', 'ApiUnavailable'],
  [({ code: status }) => status >= 500, 'later', 'ApiUnavailable'],
];

/**
 * Classifies a refused injection; the message keeps the server's own words. Unknown 4xx answers are final: Invalid.
 * @param container the name of the container that was sent
 */
export function classifyRefusal(answer: ApiAnswer, container: string): Objection {
  const words = oneLine(withoutDifference(answer.message), 900);
  const { code: status, message, details } = answer;
  const refused: Refused = { code: status, message, container, ...(details && { details }) };
  for (const [applies, finality, reason, explain] of RULES) {
    if (!applies(refused)) continue;
    return { finality, reason, message: explain === undefined ? words : `${explain} (the API server said: ${words})` };
  }
  return { finality: 'never', reason: 'Invalid', message: words };
}
