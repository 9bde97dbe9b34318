import { fromTimestamp } from '../../api/time.ts';

/** A line of a container's log, and when it was complete. */
export interface TimedLine {
  /** ms since the epoch, never before that of the line above. */
  at: number;
  /** What was shown. Ends with CR LF, unless the line was not ended. */
  text: string;
}

/** RFC 3339 with up to nine digits of a second, and a blank: what `kubectl logs --timestamps` writes before a line. */
const STAMP = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})) /;
const MAX_STAMP = 40;
const LF = 0x0a;

/**
 * Splits what `kubectl logs --timestamps` wrote into its lines.
 *
 * The runtime writes a line into the log when it is complete, or when 16 KiB of it are full, with the time of that
 * moment. The kubelet joins the parts of a line (tags P and F of the CRI) and gives the time of the first part, once
 * (k8s.io/cri-client/pkg/logs: `isNewLine`). So a time behind a line feed is the runtime's, and nothing inside a
 * container can write one there. containerd takes the CR of a line end away (internal/cri/io/logger.go): a terminal
 * needs it.
 *
 * A line without a time continues the one above: standard error between two parts of standard output.
 */
export function timedLines(log: Buffer): TimedLine[] {
  const lines: TimedLine[] = [];
  let at = 0;
  for (let from = 0; from < log.length;) {
    const feed = log.indexOf(LF, from);
    const to = feed < 0 ? log.length : feed;
    const [stamp, time] = STAMP.exec(log.toString('latin1', from, Math.min(to, from + MAX_STAMP))) ?? [];
    // A clock that was set back does not turn the time of a replay back. Digits that are no time leave it as it was.
    const moment = fromTimestamp(time);
    if (moment !== undefined) at = Math.max(at, moment);
    const shown = log.toString('utf8', from + (stamp?.length ?? 0), to).replace(/\r$/, '');
    lines.push({ at, text: feed < 0 ? shown : `${shown}\r\n` });
    from = to + 1;
  }
  return lines;
}
