import { writeFile } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { InvalidArgumentError, Option } from 'commander';
import type { DebugSession, Run } from '../../api/debugsession.ts';
import { fromTimestamp } from '../../api/time.ts';
import { oneLine } from '../../text/one-line.ts';
import { containerFlags } from '../attach.ts';
import type { Desk } from '../desk.ts';
import { Fault, UsageFault } from '../fault.ts';
import { castLines } from '../replay/asciicast.ts';
import { play } from '../replay/play.ts';
import { ScreenFilter } from '../replay/screen-filter.ts';
import { type TimedLine, timedLines } from '../replay/timed-line.ts';
import { noLogFault, runOf } from '../run-of.ts';
import { INTERRUPTED } from '../see-through.ts';
import { findSession } from '../sessions.ts';
import { type AddVerb, deskOf, refuseCommand } from '../verb.ts';
import { lengthOfTime } from '../words/length-of-time.ts';
import { wholeNumber } from './logs.ts';

export interface ReplayOptions {
  speed: number;
  idleLimit?: number;
  attempt?: number;
  export?: string;
  size: { columns: number; rows: number };
  force?: boolean;
}

/** As much of a log as is held. A node rotates a log at 10 MiB unless its kubelet is told otherwise. */
const MAX_BYTES = 64 * 1024 * 1024;
/** On a terminal, in seconds. */
const IDLE_LIMIT = 2;
/** A log that begins so much after its container may have lost its beginning. */
const LATE_MS = 60_000;

/**
 * Shows a session again as its screen was, from the log of its container, or exports it.
 * @returns the exit code
 * @throws Fault
 */
export async function replay(desk: Desk, name: string, options: ReplayOptions): Promise<number> {
  const { stdout, stderr, progress } = desk;
  const file = options.export;
  if (file === undefined && stdout.isTTY !== true) {
    throw new UsageFault('standard output is not a terminal: use --export FILE, or kubectl dbg logs for the text');
  }
  const session = await findSession(desk.kubectl, name);
  const run = runOf(session, options.attempt);
  const { lines, isCut } = await readLog(desk, session, run);
  if (lines.length === 0) throw new Fault(`attempt ${run.attempt} of session ${name} has shown nothing`);
  for (const note of notesOn(run, lines, isCut)) stderr.write(`${note}\n`);
  const filter = new ScreenFilter();
  const isWhole =
    file === undefined
      ? await show(desk, lines, filter, options)
      : await exportCast(desk, file, { session, run, lines, filter, options });
  if (filter.leftOut > 0) {
    progress.say(
      `Left out: ${filter.leftOut} control sequences that do more than draw; kubectl dbg logs ${name} has all bytes.`,
    );
  }
  return isWhole ? 0 : INTERRUPTED;
}

async function readLog(
  { kubectl }: Desk,
  session: DebugSession,
  run: Run,
): Promise<{ lines: TimedLine[]; isCut: boolean }> {
  const chunks: Buffer[] = [];
  const into = new Writable({
    write: (chunk: Buffer, _, done) => {
      chunks.push(chunk);
      done();
    },
  });
  const flags = [...containerFlags(session, run), '--timestamps', `--limit-bytes=${MAX_BYTES}`];
  const { refusal } = await kubectl.copy(['logs', ...flags], into);
  if (refusal !== undefined) throw noLogFault(session, run, refusal);
  const log = Buffer.concat(chunks);
  // The kubelet says so in the place of the log, and calls it a success.
  if (/^unable to retrieve container logs for /.test(log.toString('latin1', 0, 80))) {
    throw new Fault(`the node of pod ${run.podName} has no log of it any more: ${oneLine(log.toString('utf8'), 300)}`);
  }
  return { lines: timedLines(log), isCut: log.length >= MAX_BYTES };
}

/** What a person has to know of what is shown. */
function notesOn(run: Run, lines: readonly TimedLine[], isCut: boolean): string[] {
  const late = (lines[0]?.at ?? 0) - (fromTimestamp(run.startedAt) ?? Infinity);
  return [
    `This is the log of container ${run.debugContainerName} in pod ${run.podName}: what its screen showed. A line comes when it was complete; times within it are not known.`,
    ...(late > LATE_MS
      ? [
          `The log begins ${lengthOfTime(late)} after the container started: the node may have rotated the beginning away.`,
        ]
      : []),
    ...(isCut ? [`The log is longer than ${MAX_BYTES / 1024 / 1024} MiB: its end is missing.`] : []),
    ...(run.finishedAt === undefined ? ['The container has not ended: this is what it has shown so far.'] : []),
  ];
}

async function show(
  desk: Desk,
  lines: readonly TimedLine[],
  filter: ScreenFilter,
  { speed, idleLimit = IDLE_LIMIT }: ReplayOptions,
): Promise<boolean> {
  const stop = new AbortController();
  const takeBack = desk.onInterrupt(() => stop.abort());
  try {
    const isWhole = await play(desk.stdout, lines, filter, { speed, idleLimit, signal: stop.signal });
    desk.stdout.write('\r\n');
    desk.progress.say(isWhole ? 'The recording ends here.' : 'Stopped.');
    return isWhole;
  } finally {
    takeBack();
  }
}

interface Recording {
  session: DebugSession;
  run: Run;
  lines: readonly TimedLine[];
  filter: ScreenFilter;
  options: ReplayOptions;
}

async function exportCast(
  { stdout, progress }: Desk,
  file: string,
  { session, run, lines, filter, options }: Recording,
): Promise<true> {
  const { name, namespace } = session.metadata;
  const title = `Session ${name} in namespace ${namespace}, attempt ${run.attempt}`;
  const begin = fromTimestamp(run.startedAt) ?? Infinity;
  const cast = castLines(lines, filter, { begin, title, size: options.size, idleLimit: options.idleLimit });
  if (file === '-') {
    for (const part of cast) if (!stdout.write(part)) await new Promise((resolve) => stdout.once('drain', resolve));
    return true;
  }
  try {
    // What was shown may hold a password: others on this machine do not read it.
    await writeFile(file, cast, { flag: options.force === true ? 'w' : 'wx', mode: 0o600 });
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const shown = JSON.stringify(oneLine(file, 200));
    if (code === 'EEXIST') throw new Fault(`${shown} is there already: choose another name, or add --force`);
    throw new Fault(`${shown} cannot be written: ${oneLine(message, 300)}`);
  }
  progress.say(`Written: ${oneLine(file, 200)}`);
  return true;
}

/** A number such as 2 or 0.5. @throws InvalidArgumentError */
function positive(text: string): number {
  const number = seconds(text);
  if (number === 0) throw new InvalidArgumentError('It must be more than 0.');
  return number;
}

/** The same, and 0. @throws InvalidArgumentError */
function seconds(text: string): number {
  if (!/^\d{1,6}(\.\d{1,3})?$/.test(text)) throw new InvalidArgumentError('It must be a number such as 2 or 0.5.');
  return Number(text);
}

/** @throws InvalidArgumentError */
function sizeOf(text: string): { columns: number; rows: number } {
  const [, columns, rows] = /^([1-9]\d{0,3})x([1-9]\d{0,3})$/.exec(text) ?? [];
  if (columns === undefined || rows === undefined)
    throw new InvalidArgumentError('It must be COLUMNSxROWS, such as 80x24.');
  return { columns: Number(columns), rows: Number(rows) };
}

export const addReplay: AddVerb = (root, invocation) => {
  root
    .command('replay')
    .description('show a terminal session again from the log of its container, while its pod lives')
    .argument('<SESSION>', 'name of the session')
    .option('--speed <NUMBER>', 'so many times as fast as it was', positive, 1)
    .option('--idle-limit <SECONDS>', `longest pause (default: ${IDLE_LIMIT}; of an export: as it was)`, seconds)
    .option('--attempt <NUMBER>', 'of this attempt (default: the newest)', wholeNumber)
    .option('--export <FILE>', 'write an asciicast v2 file instead, - for standard output')
    .addOption(
      new Option('--size <SIZE>', 'columns and rows that the export names')
        .argParser(sizeOf)
        .default({ columns: 80, rows: 24 }, '80x24'),
    )
    .option('--force', 'overwrite the file of the export')
    .action(async (name: string, options: ReplayOptions) => {
      refuseCommand('replay', invocation);
      invocation.done(await replay(deskOf(root, invocation), name, options));
    });
};
