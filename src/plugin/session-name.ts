/** As Kubernetes generates names: no vowels, nothing that looks like something else. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX = 5;
const MAX_NAME = 63;

/**
 * A name for a session of this pod or workload, such as `web-4x8kq`. It is made here and not by the server, so that a
 * printed manifest can be applied.
 * @param random a number from 0 to 1, as Math.random gives it
 */
export function sessionName(target: string, random: () => number): string {
  const suffix = Array.from({ length: SUFFIX }, () => ALPHABET[Math.floor(random() * ALPHABET.length)]).join('');
  const stem = target.slice(0, MAX_NAME - SUFFIX - 1).replace(/[-.]+$/, '');
  return `${stem}-${suffix}`;
}
