import { API_VERSION, type DebugSession, PLURAL } from '../api/debugsession.ts';
import { Fault } from './fault.ts';
import { sessionsPath } from './follower.ts';
import type { Kubectl } from './kubectl.ts';

/** Of a page: a session with many attempts has some 50 KB. */
const PAGE = 250;
/** A token that goes on with a list is good for some minutes: a slow reader begins again, so many times. */
const MAX_STARTS = 3;
/** How the API server says that (410 Gone, reason Expired). */
const TOO_OLD = /continue parameter is too old|\bExpired\b|too old resource version/i;

interface Page {
  metadata: { continue?: string };
  items: DebugSession[];
}

/**
 * Reads every session page by page, so that no more than a page is held.
 * @param namespace undefined: of all namespaces
 * @param take gets the sessions of a page
 * @param restart is told to forget what it has: the list begins again
 * @throws Fault with the words of the server
 */
export async function readSessionPages(
  kubectl: Kubectl,
  namespace: string | undefined,
  { take, restart }: { take: (sessions: readonly DebugSession[]) => void; restart: () => void },
): Promise<void> {
  const path = namespace === undefined ? `/apis/${API_VERSION}/${PLURAL}` : sessionsPath(namespace);
  let starts = 1;
  let from = '';
  for (;;) {
    const query = new URLSearchParams({ limit: String(PAGE), ...(from !== '' && { continue: from }) });
    const answer = await kubectl.call(['get', '--raw', `${path}?${query.toString()}`]);
    if (answer.kind === 'done') {
      const { metadata, items } = JSON.parse(answer.stdout) as Page;
      take(items);
      from = metadata.continue ?? '';
      if (from === '') return;
    } else {
      const { lines } = answer.refusal;
      if (from === '' || starts === MAX_STARTS || !TOO_OLD.test(lines.join(' '))) throw new Fault(lines);
      starts += 1;
      from = '';
      restart();
    }
  }
}
