import { oneLine } from '../../text/one-line.ts';
import { containersOf, type SeenContainer } from './containers.ts';
import { exitCodeWords } from './exit-code.ts';
import type { Facts, LogTail, PodFacts } from './facts.ts';
import type { Finding } from './finding.ts';
import { hasPod } from './findings.ts';
import type { SeenEvent } from './seen-events.ts';
import type { Suggestion } from './suggest.ts';
import { counted } from '../words/counted.ts';
import { ago, joined } from './when.ts';
import { wrap } from './wrap.ts';

/** A triage as it is told. */
export interface Told {
  facts: Facts;
  found: readonly Finding[];
  suggestion: Suggestion;
  unread: readonly string[];
  choice?: string;
}

const LABEL = 12;
const MAX_WORDS = 1_100;
const MAX_LOG = 400;
const MOST_EVENTS = 8;

/** A triage for people: printable lines of at most `width` characters; commands to copy are not broken. */
export function report({ facts, found, suggestion, unread, choice }: Told, width = Infinity): string[] {
  const line = (label: string, text: string): string[] => labelled(label, text, width);
  const said = new Set<string>();
  return [
    ...(choice === undefined ? [] : wrapped(`${choice}.`, width)),
    ...heading(facts, found, line, width),
    '',
    ...(found.length === 0 ? [...wrapped('Nothing wrong is seen.', width), ''] : []),
    ...found.flatMap((one, index) => findingLines(one, { number: index + 1, logs: logOf(facts, one, said), width })),
    ...leftLogs(facts, said, line),
    ...eventLines(facts, line),
    ...suggestionLines(suggestion, width),
    ...(unread.length === 0 ? [] : ['', 'Not looked at']),
    ...unread.flatMap((one) => wrapped(one, width, '  ')),
  ];
}

type Line = (label: string, text: string) => string[];

function labelled(label: string, text: string, width: number): string[] {
  const first = `  ${label.padEnd(LABEL)}`;
  return wrap(oneLine(text, MAX_WORDS), { width, first, indent: ' '.repeat(LABEL + 2) });
}

function wrapped(text: string, width: number, first = ''): string[] {
  return wrap(oneLine(text, MAX_WORDS), { width, first, indent: `${first}  ` });
}

function heading(facts: Facts, found: readonly Finding[], line: Line, width: number): string[] {
  if (!hasPod(facts)) {
    const [owner] = facts.workloads;
    return wrapped(`${owner?.kind ?? 'The workload'} ${owner?.metadata.name ?? ''} has no pod`, width);
  }
  const { metadata, spec, status } = facts.pod;
  const all = containersOf(facts.pod);
  const own = all.filter(({ role }) => role !== 'init container');
  const ready = own.filter(({ isReady }) => isReady);
  const state = joined([
    metadata.deletionTimestamp === undefined ? status.phase : 'Terminating',
    status.reason,
    `${ready.length} of ${counted(own.length, 'container')} ready`,
  ]);
  const owners = facts.workloads.map(({ kind, metadata: { name } }) => `${kind} ${name}`).join(', ');
  return [
    ...wrapped(`Pod ${metadata.name} in namespace ${facts.namespace}: ${state}`, width),
    ...line(
      'created',
      joined([
        ago(metadata.creationTimestamp, facts.now),
        spec.nodeName === undefined ? 'no node yet' : `on node ${spec.nodeName}`,
      ]),
    ),
    ...(owners === '' ? [] : line('owner', owners)),
    ...conditionLines(facts, found, line),
    ...all.flatMap((one, index) => line(index === 0 ? 'containers' : '', `${one.name}: ${stateWords(one, facts.now)}`)),
    ...ephemeral(facts).flatMap((words, index) => line(index === 0 ? 'debug' : '', words)),
  ];
}

/** Those that are not as they should be. ContainersReady repeats Ready, and findings have the words of others. */
function conditionLines({ pod }: PodFacts, found: readonly Finding[], line: Line): string[] {
  const told = found.flatMap(({ seen }) => seen);
  const wrong = (pod.status.conditions ?? []).filter(
    ({ type, status }) =>
      type !== 'ContainersReady' && (type === 'DisruptionTarget' ? status === 'True' : status !== 'True'),
  );
  const words = wrong.map(({ type, status, reason, message }) =>
    joined([`${type} ${status}`, joined([reason, told.includes(message ?? '') ? '' : message], ': ')]),
  );
  return words.flatMap((text, index) => line(index === 0 ? 'conditions' : '', text));
}

function stateWords(container: SeenContainer, now: number): string {
  const { role, isRunning, isReady, waiting, hasEnded, restarts } = container;
  const is = isRunning ? `running, ${isReady ? 'ready' : 'not ready'}` : hasEnded ? 'ended' : 'waiting';
  return joined(
    [
      joined([role === 'container' ? '' : role, joined([is, waiting?.reason], ': ')]),
      restarts === 0 ? '' : counted(restarts, 'restart'),
      endWords(container, now),
    ],
    '; ',
  );
}

function endWords({ hasEnded, end }: SeenContainer, now: number): string {
  if (end === undefined) return '';
  const code = `${hasEnded ? '' : 'last '}exit code ${end.exitCode}`;
  return `${joined([code, ago(end.finishedAt, now)])} (${exitCodeWords(end)})`;
}

function ephemeral({ pod }: PodFacts): string[] {
  return (pod.status.ephemeralContainerStatuses ?? []).map(({ name, state }) => {
    const is = state?.running === undefined ? (state?.terminated === undefined ? 'waiting' : 'ended') : 'running';
    return `${name}: ${is}`;
  });
}

/** The log of the container that a finding is about, under the first of its findings. */
function logOf({ logs }: Facts, { container }: Finding, said: Set<string>): LogTail | undefined {
  if (container === undefined || said.has(container)) return undefined;
  said.add(container);
  return logs.find((log) => log.container === container);
}

function findingLines(
  { title, seen, means, todo }: Finding,
  { number, logs, width }: { number: number; logs: LogTail | undefined; width: number },
): string[] {
  const line: Line = (label, text) => labelled(label, text, width);
  return [
    ...wrap(oneLine(title, MAX_WORDS), { width, first: `${number}. `, indent: '   ' }),
    ...seen.filter((text) => text !== '').flatMap((text, index) => line(index === 0 ? 'seen' : '', text)),
    ...(logs === undefined ? [] : logLines(logs, line)),
    ...line('means', means),
    ...todo.flatMap((text, index) => todoLines(index === 0 ? 'do' : '', text, line)),
    '',
  ];
}

/** A command to copy has a line of its own, however long it is. */
function todoLines(label: string, text: string, line: Line): string[] {
  const [, words, command] = /^(.*): (kubectl .*)$/.exec(text) ?? [];
  if (words === undefined || command === undefined) return line(label, text);
  return [...line(label, `${words}:`), `${' '.repeat(LABEL + 4)}${oneLine(command)}`];
}

function logLines({ lines }: LogTail, line: Line): string[] {
  if (lines.length === 0) return line('log', 'it is empty');
  return lines.flatMap((text, index) => line(index === 0 ? 'log' : '', oneLine(text, MAX_LOG)));
}

/** Of containers that no finding is about. */
function leftLogs({ logs }: Facts, said: ReadonlySet<string>, line: Line): string[] {
  const left = logs.filter(({ container }) => !said.has(container));
  return left.flatMap((log) => [`Log of container ${log.container}`, ...logLines(log, line), '']);
}

function eventLines({ events, now }: Facts, line: Line): string[] {
  if (events.length === 0) return [];
  const shown = events.slice(0, MOST_EVENTS);
  const left = events.length - shown.length;
  return [
    `Events, newest first${left === 0 ? '' : ` (${left} more with -o json)`}`,
    ...shown.flatMap((event) => line(ago(event.at, now).replace(' ago', ''), eventWords(event))),
    '',
  ];
}

function eventWords({ isWarning, reason, message, count, about }: SeenEvent): string {
  const times = count === 1 ? '' : ` (${count} times)`;
  return `${isWarning ? 'Warning ' : ''}${reason}, ${about}${times}: ${message}`;
}

function suggestionLines(suggestion: Suggestion, width: number): string[] {
  if (suggestion.kind === 'none') {
    const [first = '', ...others] = suggestion.why;
    return ['Session', ...wrapped(first, width, '  '), ...others.flatMap((why) => wrapped(why, width, '    '))];
  }
  const { command, why, inside, notes } = suggestion;
  return [
    'Session',
    ...wrapped(why, width, '  '),
    `    ${command}`,
    ...(inside === undefined ? [] : ['  In it, type:', `    ${inside}`]),
    ...notes.flatMap((note) => wrapped(note, width, '  ')),
  ];
}
