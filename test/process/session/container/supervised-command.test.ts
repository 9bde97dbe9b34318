import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { onOneLine } from '../../../../src/session/container/on-one-line.ts';
import { SUPERVISOR_SCRIPT } from '../../../../src/session/container/supervisor-script.ts';
import { SUPERVISOR_ENV, supervisedCommand } from '../../../../src/session/container/supervisor.ts';
import { expandLikeKubelet } from '../../../support/shells/kubelet-expansion.ts';

describe('the words of a container', () => {
  const numbers = { ttlSeconds: 90, startBy: 1_700_000_000_999, lastMoment: 1_700_000_090_000 };

  it('the words of a container carry seconds, rounded so that no command starts later than allowed', () => {
    const words = supervisedCommand({ ...numbers, tty: true, command: ['top', '-b'] });
    expect(words.slice(0, 3)).toEqual(['sh', '-c', 'eval "$DEBUGSESSION_SUPERVISOR"']);
    expect(words.slice(3)).toEqual(['supervisor', '90', '1700000000', '1700000090', '1', 'top', '-b']);
  });

  it('the kubelet restores the script of the supervisor, whatever variables there are', () => {
    const { value = '' } = SUPERVISOR_ENV;
    const everything = new Proxy<Record<string, string>>(
      {},
      { get: () => 'x', getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: 'x' }) },
    );
    expect(expandLikeKubelet(value, everything)).toBe(onOneLine(SUPERVISOR_SCRIPT));
  });

  it("the words of a container pass the user's own words to the kubelet as they are", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), fc.boolean(), (command, tty) => {
        expect(supervisedCommand({ ...numbers, tty, command }).slice(8)).toEqual(command);
      }),
    );
  });

  it('the script of the supervisor is short enough for the spec of every pod', () => {
    expect(SUPERVISOR_SCRIPT.length).toBeLessThan(7_000);
  });

  it('the script of the supervisor has no line break, so kubectl describe shows the script on one line', () => {
    expect(SUPERVISOR_ENV.value).not.toContain('\n');
  });
});
