import type { Run } from '../../../src/api/debugsession.ts';
import type { Terminated } from '../../../src/api/pod.ts';
import {
  neverBegan,
  refusal,
  saidFromInside,
  saysBegan,
  saysExited,
  saysStopped,
  timeOver,
} from '../../../src/session/run/claims.ts';
import { readEnding } from '../../../src/session/run/ending.ts';
import { readStopAnswer } from '../../../src/session/stop/stop-script.ts';
import { type FuzzTarget, must, mustBeOneLine } from '../target.ts';

const RUN: Run = {
  attempt: 1,
  state: 'Running',
  podName: 'web',
  podUID: 'a',
  startBy: '2026-11-24T10:00:30Z',
  effective: {
    supervisor: 'Shell',
    ttl: '1h',
    tty: true,
    pendingTimeout: '5m',
    startTimeout: '5m',
    profile: 'general',
    stdin: true,
  },
};

/** Exit code in the first byte, seconds lived in the next two, then the termination message. */
export const claims: FuzzTarget = {
  name: 'claims',
  about: 'termination messages and answers to the stop script, by the people inside a container',
  seeds: ['Deadline', 'Stopped', 'Began', 'Exited', 'TooLate', 'CommandNotFound'].map((word) =>
    Buffer.concat([Buffer.of(137, 14, 16), Buffer.from(word)]),
  ),
  run(input) {
    const [exitCode = 0, high = 0, low = 0] = input;
    const lived = high * 256 + low;
    const message = input.toString('utf8', 3);
    const started = Date.parse('2026-11-24T10:00:00Z');
    const terminated: Terminated = {
      exitCode,
      reason: exitCode === 0 ? 'Completed' : 'Error',
      message,
      startedAt: new Date(started).toISOString(),
      finishedAt: new Date(started + lived * 1000).toISOString(),
    };
    const said = saidFromInside(terminated);
    if (said !== undefined) mustBeOneLine(said, 'what was said from inside');
    must((said ?? '').length <= 256, 'what was said from inside is bounded');
    must(!(lived > 3) || refusal(RUN, terminated) === undefined, 'a run of more than three seconds was no refusal');
    must(!(lived > 3) || !neverBegan(RUN, terminated), 'a run of more than three seconds began');
    const over = timeOver(RUN, terminated);
    must(over === undefined || lived >= 3_598, 'a deadline counts only after the ttl');
    const words = [saysStopped(terminated), saysBegan(RUN, terminated), saysExited(RUN, terminated)];
    must(words.filter(Boolean).length <= 1, 'a message is one word');
    const ending = readEnding(RUN, terminated, { pod: undefined, joined: undefined });
    must(typeof ending === 'object', 'an end is read');
    const answer = readStopAnswer(message, exitCode);
    must(answer.answer !== 'Survived' || Number.isSafeInteger(answer.processes), 'survivors are a number');
  },
};
