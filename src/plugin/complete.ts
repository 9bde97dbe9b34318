import { PROFILE_NAMES } from '../api/profiles.ts';
import type { Command } from 'commander';
import { CONNECTION_FLAGS, type ConnectionValues } from './connection-flags.ts';
import type { Kubectl } from './kubectl.ts';
import { SESSIONS } from './sessions.ts';

/** What may stand at the end of a command line. */
export interface Asked {
  /** The words behind `kubectl dbg`, without the one that is being typed. */
  before: readonly string[];
  /** The beginning of the word that is being typed; may be empty. */
  typed: string;
}

/** What kind of word is wanted: known without a cluster, or asked of it. */
export type Wanted =
  | { kind: 'words'; words: readonly string[] }
  | { kind: 'names'; resource: string; prefix?: string }
  | { kind: 'containers'; pod: string }
  | { kind: 'files' };

const OF_SESSIONS = ['show', 'attach', 'logs', 'replay', 'extend', 'end', 'again', 'rm', 'approve', 'deny'];
const WORKLOADS: Readonly<Record<string, string>> = {
  deployment: 'deployments.apps',
  deploy: 'deployments.apps',
  statefulset: 'statefulsets.apps',
  sts: 'statefulsets.apps',
  daemonset: 'daemonsets.apps',
  ds: 'daemonsets.apps',
  replicaset: 'replicasets.apps',
  rs: 'replicasets.apps',
  job: 'jobs.batch',
  pod: 'pods',
};
const TYPES = ['pod/', 'deployment/', 'statefulset/', 'daemonset/', 'replicaset/', 'job/'];

/** What the command line wants next. Several kinds: any of them. */
export function wantedAt(root: Command, { before, typed }: Asked): Wanted[] {
  // Behind it stands the command of somebody's container.
  if (before.includes('--')) return [];
  const { verb, operands } = readLine(root, before);
  const flag = before.at(-1);
  const option = flag === undefined ? undefined : findOption(root, verb, flag);
  if (option?.required === true && flag?.includes('=') !== true) return valuesOf(option, operands);
  if (typed.startsWith('-')) return [{ kind: 'words', words: flagsOf(root, verb) }];
  return operandsAt(root, verb, { operands, typed });
}

interface Option {
  long?: string | null;
  required: boolean;
  argChoices?: string[];
}

function readLine(root: Command, before: readonly string[]): { verb: Command | undefined; operands: string[] } {
  let verb: Command | undefined;
  const operands: string[] = [];
  for (let index = 0; index < before.length; index++) {
    const word = before[index] ?? '';
    if (word.startsWith('-')) {
      if (findOption(root, verb, word)?.required === true && !word.includes('=')) index++;
      continue;
    }
    const named = verb === undefined && operands.length === 0 ? verbOf(root, word) : undefined;
    if (named === undefined) operands.push(word);
    else verb = named;
  }
  return { verb, operands };
}

function verbOf(root: Command, word: string): Command | undefined {
  return root.commands.find((one) => one.name() === word || one.aliases().includes(word));
}

function findOption(root: Command, verb: Command | undefined, word: string): Option | undefined {
  const [name = ''] = word.split('=');
  const start = verb ?? verbOf(root, 'start');
  return [...(start?.options ?? []), ...root.options].find(({ long, short }) => long === name || short === name);
}

function flagsOf(root: Command, verb: Command | undefined): string[] {
  const start = verb ?? verbOf(root, 'start');
  return [...(start?.options ?? []), ...root.options].flatMap(({ long }) => long ?? []);
}

function valuesOf({ long, argChoices }: Option, operands: readonly string[]): Wanted[] {
  if (argChoices !== undefined) return [{ kind: 'words', words: argChoices }];
  switch (long) {
    case '--container':
    case '--target':
      return operands[0] === undefined || /\//.test(operands[0].replace(/^pods?\//, ''))
        ? []
        : [{ kind: 'containers', pod: operands[0].replace(/^pods?\//, '') }];
    case '--policy':
      return [{ kind: 'names', resource: 'debugpolicies.debugsession.dev' }];
    case '--profile':
      return [{ kind: 'words', words: [...PROFILE_NAMES] }];
    case '--supervisor':
      return [{ kind: 'words', words: ['Shell', 'None'] }];
    case '--pod':
      return [{ kind: 'names', resource: 'pods' }];
    case '--namespace':
      return [{ kind: 'names', resource: 'namespaces' }];
    case '--filename':
    case '--kubeconfig':
    case '--export':
      return [{ kind: 'files' }];
    default:
      return [];
  }
}

function operandsAt(
  root: Command,
  verb: Command | undefined,
  { operands, typed }: { operands: readonly string[]; typed: string },
): Wanted[] {
  const name = verb?.name();
  if (name !== undefined && OF_SESSIONS.includes(name)) {
    return operands.length === 0 || name === 'rm' ? [{ kind: 'names', resource: SESSIONS }] : [];
  }
  if (name === 'check' || name === 'convert') return [{ kind: 'files' }];
  const isOfTargets = name === undefined || name === 'start' || name === 'can-i' || name === 'triage';
  return isOfTargets && operands.length === 0 ? targetsAt(typed, name === undefined ? root.commands : []) : [];
}

/** POD or TYPE/NAME, and the verbs that may stand in its place. */
function targetsAt(typed: string, verbs: readonly Command[]): Wanted[] {
  const [type = '', rest] = typed.split('/');
  const resource = Object.hasOwn(WORKLOADS, type) ? WORKLOADS[type] : undefined;
  if (rest !== undefined) return resource === undefined ? [] : [{ kind: 'names', resource, prefix: `${type}/` }];
  return [
    { kind: 'words', words: [...verbs.map((verb) => verb.name()), ...TYPES] },
    { kind: 'names', resource: 'pods' },
  ];
}

/** The connection flags of a command line that is not finished: the cluster to complete names from. */
export function connectionIn(before: readonly string[]): ConnectionValues {
  const values: Record<string, string | true | string[]> = {};
  for (let index = 0; index < before.length && before[index] !== '--'; index++) {
    const [name = '', given] = (before[index] ?? '').split(/=([^]*)/);
    const flag = CONNECTION_FLAGS.find(({ long, short }) => name === `--${long}` || name === `-${short ?? '-'}`);
    if (flag === undefined) continue;
    const value = flag.value === undefined ? true : (given ?? before[++index] ?? '');
    const { long } = flag;
    values[long] = flag.isList === true ? [...[values[long] ?? []].flat().map(String), String(value)] : value;
  }
  return values;
}

/** What may be typed there. A cluster that does not answer in time, or refuses, adds nothing. */
export async function candidates(kubectl: Kubectl, wanted: readonly Wanted[], typed: string): Promise<string[]> {
  const found = await Promise.all(wanted.map((one) => namesOf(kubectl, one)));
  return [...new Set(found.flat())].filter((word) => word.startsWith(typed)).sort();
}

/** A person who waits for the tab key waits for no slow cluster. */
const TIMEOUT = '--request-timeout=2s';

async function namesOf(kubectl: Kubectl, wanted: Wanted): Promise<readonly string[]> {
  if (wanted.kind === 'words') return wanted.words;
  if (wanted.kind === 'files') return [];
  const args =
    wanted.kind === 'containers'
      ? ['get', 'pods', wanted.pod, '--output=jsonpath={range .spec.containers[*]}{.name}{"\\n"}{end}', TIMEOUT]
      : ['get', wanted.resource, '--output=jsonpath={range .items[*]}{.metadata.name}{"\\n"}{end}', TIMEOUT];
  const answer = await kubectl.call(args);
  if (answer.kind === 'refused') return [];
  const prefix = wanted.kind === 'names' ? (wanted.prefix ?? '') : '';
  // Names of Kubernetes: what is none is not put into anybody's command line.
  return answer.stdout.split('\n').flatMap((name) => (/^[a-z0-9][-a-z0-9.]*$/.test(name) ? `${prefix}${name}` : []));
}
