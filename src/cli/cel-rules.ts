import { durationOr, MAX_DURATION_MS } from '../api/duration.ts';
import { patternFault } from '../policy/image-pattern.ts';
import { shown, type Finding } from './finding-line.ts';
import type { FieldPath } from './input-documents.ts';
import { isObject } from './values.ts';

/** A rule of a CRD (x-kubernetes-validations) in CEL. `fieldPath` is relative to what the rule is about, such as `.args`. */
export interface Rule {
  rule: string;
  message?: string;
  fieldPath?: string;
}

type Fields = Readonly<Record<string, unknown>>;
type TextCheck = (self: string, message: string) => boolean;

const ONE_REGEX = /^(?<not>!?)self\.matches\('(?<regex>[^']*)'\)$/;
const NO_DURATION = "!self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$')";
/** Bytes of command, args and env together. */
const MAX_BYTES = 16_384;
const SECOND = 1_000;

/** src/policy knows the rules of image patterns, and says them in the very words of the CRD. */
const isPattern: TextCheck = (self, message) => patternFault(self) !== message;

/** Rules of a text that are more than one regular expression, or one that JavaScript writes otherwise than RE2. */
const TEXT_CHECKS: Readonly<Record<string, TextCheck>> = {
  [`${NO_DURATION} || duration(self) >= duration('1s')`]: (self) => lengthOf(self, SECOND) >= SECOND,
  [`${NO_DURATION} || duration(self) <= duration('8760h')`]: (self) => lengthOf(self, 0) <= MAX_DURATION_MS,
  [`${NO_DURATION} || duration(self) <= duration('1h')`]: (self) => lengthOf(self, 0) <= 3_600 * SECOND,
  [`${NO_DURATION} || (duration(self) >= duration('1s') && duration(self) <= duration('8760h'))`]: (self) =>
    lengthOf(self, SECOND) >= SECOND && lengthOf(self, SECOND) <= MAX_DURATION_MS,
  "self.matches('^([*]|([*][.])?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?)(/[a-z0-9._*-]+)+(:[A-Za-z0-9._*-]+|@[a-z0-9*]+:[a-f0-9*]+)$')":
    isPattern,
  "!self.contains('**') || (self.matches('/[*][*][:@][^/]*$') && !self.matches('[*][*].*[*][*]'))": isPattern,
  "!self.startsWith('index.docker.io/') && (!self.matches('^docker[.]io/[^/]*$') || self.startsWith('docker.io/**'))":
    isPattern,
  "self.matches('^[-._a-zA-Z0-9]+$') && self != '.' && !self.startsWith('..')": (self) =>
    /^[-._a-zA-Z0-9]+$/.test(self) && self !== '.' && !self.startsWith('..'),
  "self.matches('^(/[^/:[:cntrl:]]+)+$') && !self.matches('/[.][.]?(/|$)')": (self) =>
    // The range is what RE2 means by [:cntrl:].
    // eslint-disable-next-line no-control-regex
    /^(\/[^/:\x00-\x1f\x7f]+)+$/.test(self) && !/\/[.][.]?(\/|$)/.test(self),
  "self.startsWith('/')": (self) => self.startsWith('/'),
  "!self.matches('[\\\\pC\\\\p{Zl}\\\\p{Zp}]')": (self) => !/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u.test(self),
};

const OBJECT_CHECKS: Readonly<Record<string, (self: Fields) => boolean>> = {
  'self.metadata.name.size() <= 63': ({ metadata }) => textOf(isObject(metadata) ? metadata['name'] : '').length <= 63,
  "!has(self.args) || size(self.args) == 0 || has(self.command) || (has(self.supervisor) && self.supervisor == 'None')":
    ({ args, command, supervisor }) => listOf(args).length === 0 || has(command) || supervisor === 'None',
  '!has(self.tty) || !self.tty || (has(self.stdin) ? self.stdin : !has(self.command))': ({ tty, stdin, command }) =>
    tty !== true || (has(stdin) ? stdin === true : !has(command)),
  [[
    '(has(self.command) ? self.command.map(word, size(bytes(word))).sum() : 0)',
    '(has(self.args) ? self.args.map(word, size(bytes(word))).sum() : 0)',
    '(has(self.env) ? self.env.map(one, size(bytes(one.name)) + (has(one.value) ? size(bytes(one.value)) : 0)).sum() : 0) <= 16384',
  ].join(' + ')]: ({ command, args, env }) => {
    const variables = listOf(env).filter(isObject);
    const words = [...listOf(command), ...listOf(args), ...variables.flatMap(({ name, value }) => [name, value])];
    return words.reduce((bytes: number, word) => bytes + Buffer.byteLength(textOf(word)), 0) <= MAX_BYTES;
  },
  'has(self.podName) != has(self.workloadRef)': (self) => hasOne(self, 'podName', 'workloadRef'),
  'has(self.secretKeyRef) != has(self.configMapKeyRef)': (self) => hasOne(self, 'secretKeyRef', 'configMapKeyRef'),
  'has(self.secretRef) != has(self.configMapRef)': (self) => hasOne(self, 'secretRef', 'configMapRef'),
  "(self.apiVersion == 'batch/v1') == (self.kind == 'Job')": ({ apiVersion, kind }) =>
    (apiVersion === 'batch/v1') === (kind === 'Job'),
  '!has(self.value) || !has(self.valueFrom)': ({ value, valueFrom }) => !has(value) || !has(valueFrom),
  "self.kind == 'ServiceAccount' || !has(self.namespace)": ({ kind, namespace }) =>
    kind === 'ServiceAccount' || !has(namespace),
  "self.operator in ['In', 'NotIn'] == (has(self.values) && size(self.values) > 0)": ({ operator, values }) =>
    (operator === 'In' || operator === 'NotIn') === listOf(values).length > 0,
  '!has(self.default) || !has(self.max) || duration(self.default) <= duration(self.max)': (self) =>
    !has(self['default']) || !has(self['max']) || lengthOf(self['default'], 0) <= lengthOf(self['max'], 0),
  "!has(self.default) || has(self.max) || duration(self.default) <= duration('4h')": (self) =>
    !has(self['default']) || has(self['max']) || lengthOf(self['default'], 0) <= 4 * 3_600 * SECOND,
};

/**
 * What these rules say of a new value whose shape is right, in the words of the CRD. Rules about a change say nothing of a new object and are
 * passed over. Throws on any other rule that it does not know: without it something would count as allowed that the API server refuses.
 */
export function* ruleFindings(rules: readonly Rule[], value: unknown, path: FieldPath): Iterable<Finding> {
  for (const { rule, message = `breaks the rule ${rule}`, fieldPath } of rules) {
    if (rule.includes('oldSelf') || holds(rule, value, message)) continue;
    const at = fieldPath === undefined ? path : [...path, fieldPath.slice(1)];
    yield { path: at, message: typeof value === 'string' ? `${message}, found ${shown(value)}` : message };
  }
}

function holds(rule: string, value: unknown, message: string): boolean {
  if (typeof value === 'string') {
    const check = TEXT_CHECKS[rule] ?? oneRegex(rule);
    if (check !== undefined) return check(value, message);
  } else if (isObject(value)) {
    const check = OBJECT_CHECKS[rule];
    if (check !== undefined) return check(value);
  }
  throw new Error(`src/cli/cel-rules.ts does not know the rule ${rule}`);
}

function oneRegex(rule: string): TextCheck | undefined {
  const { not, regex } = ONE_REGEX.exec(rule)?.groups ?? {};
  if (regex === undefined) return undefined;
  // A text in CEL, so that each backslash is written twice.
  const expression = new RegExp(regex.replaceAll('\\\\', '\\'), 'u');
  return (self) => expression.test(self) !== (not === '!');
}

/** In milliseconds; `otherwise` for what is no duration, which is what another rule says. */
function lengthOf(duration: unknown, otherwise: number): number {
  return durationOr(textOf(duration), otherwise);
}

/** `null` is a field that is not there, as for the API server. */
function has(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function hasOne(self: Fields, one: string, other: string): boolean {
  return has(self[one]) !== has(self[other]);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
