import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DebugSessionSpec } from '../../../../src/api/debugsession.ts';
import { setApart, SET_PREFIX } from '../../../../src/session/container/environment.ts';
import { environmentLikeKubelet, expandLikeKubelet } from '../../../support/shells/kubelet-expansion.ts';
import { MORE_SHELLS, SHELLS, Supervised, type Wish } from '../../../support/shells/supervised.ts';

const eachShell = it.concurrent.each([...SHELLS, ...MORE_SHELLS]);

const spec = (more: Partial<DebugSessionSpec>): DebugSessionSpec => more as DebugSessionSpec;

/** The environment and the words that a command has. The programs are no shells, which would change the environment. */
async function seenBy(wish: Omit<Wish, 'command'>, words: readonly string[] = []): Promise<string[]> {
  const [env, printf] = await Promise.all(
    [
      ['env', '-0'],
      ['/usr/bin/printf', 'word %s\\0', ...words],
    ].map((command) => Supervised.run({ ...wish, command })),
  );
  const all = `${env?.stdout}${words.length > 0 ? printf?.stdout : ''}`.split('\0').filter((entry) => entry !== '');
  return all.filter((entry) => !/^(TERM|PATH)=/.test(entry)).sort();
}

describe('variables of the requester', () => {
  it('the container holds each variable of the requester under a prefix that only the supervisor reads', () => {
    const names = ['PATH', 'LD_PRELOAD', 'BASH_ENV', 'SHELLOPTS', 'ENV', 'IFS', '_up', 'my-key'];
    const { env, envFrom } = setApart(
      spec({
        env: names.map((name) => ({ name, value: 'x' })),
        envFrom: [{ configMapRef: { name: 'c' } }, { prefix: 'LD_', secretRef: { name: 's' } }],
      }),
      ['true'],
    );
    expect(env.map(({ name }) => name)).toEqual(names.map((name) => SET_PREFIX + name));
    expect(envFrom).toEqual([
      { prefix: SET_PREFIX, configMapRef: { name: 'c' } },
      { prefix: `${SET_PREFIX}LD_`, secretRef: { name: 's' } },
    ]);
  });

  it('the kubelet expands the prefixed variables to the same values as the plain ones, in any order', () => {
    const name = fc.constantFrom('A', 'B', 'C', 'my.key');
    const value = fc
      .array(fc.constantFrom('$(A)', '$(B)', '$(C)', '$(my.key)', '$(WEB)', '$(NO)', '$$', '$', '(A)', 'x', ' ', ')'))
      .map((parts) => parts.join(''));
    const env = fc.uniqueArray(fc.record({ name, value }), { selector: (variable) => variable.name });
    fc.assert(
      fc.property(env, fc.array(value), (variables, words) => {
        const services = { WEB: '10.0.0.1' };
        const plain = environmentLikeKubelet({ env: variables, envFrom: [] }, [], services);
        const apart = setApart(spec({ env: variables }), words);
        const made = environmentLikeKubelet(apart, [], services);
        expect(Object.keys(made).every((key) => key.startsWith(SET_PREFIX))).toBe(true);
        expect(
          Object.fromEntries(Object.entries(made).map(([key, one]) => [key.slice(SET_PREFIX.length), one])),
        ).toEqual(plain);
        expect(apart.words.map((word) => expandLikeKubelet(word, { ...services, ...made }))).toEqual(
          words.map((word) => expandLikeKubelet(word, { ...services, ...plain })),
        );
      }),
    );
  });
});

describe('the command of a supervised container', () => {
  eachShell(
    'the command under the $shell supervisor has the same environment and words as without it',
    async ({ shell, program }) => {
      const anyText = fc.oneof(
        fc.string({ unit: 'grapheme', maxLength: 12 }).map((one) => one.replaceAll('\0', '')),
        fc.constantFrom(
          '',
          'two\nlines\n',
          '\n\n',
          "it's",
          '"',
          '\\',
          '$(A)',
          '$(DB_PORT)',
          '$(WEB_SERVICE_HOST)',
          '$(NO)',
        ),
      );
      // Yash has words in the characters of its locale: outside of ASCII it loses them before any script runs
      // (docs/adr/0033).
      const text = shell === 'yash' ? anyText.map((one) => one.replaceAll(/[^ -~]/g, '')) : anyText;
      const name = fc.constantFrom(
        ...[
          'A',
          'IFS',
          'LD_DEBUG_OUTPUT',
          'ENV',
          'SHELLOPTS',
          'FUNCNEST',
          'UID',
          'PS4',
          'my-key',
          'spring.datasource.url',
        ],
        ...['DB_PORT', '_up', '_cmd', 'HOME', 'LC_ALL', 'POSIXLY_CORRECT', 'DEBUGSESSION_ENV_A'],
      );
      const variables = fc.dictionary(name, text, { maxKeys: 5 });
      const own = { HOME: '/image', 'image.key': 'i', WEB_SERVICE_HOST: '10.0.0.1', DEBUGSESSION_UID: 'uid' };
      await fc.assert(
        fc.asyncProperty(variables, fc.array(variables, { maxLength: 2 }), fc.array(text), async (env, data, words) => {
          const envFrom = data.map((one, index) => ({ data: one, ...(index === 1 && { prefix: 'B_' }) }));
          const sources = envFrom.map(({ prefix }) => ({
            ...(prefix !== undefined && { prefix }),
            configMapRef: { name: 'c' },
          }));
          const list = Object.entries(env).map(([key, value]) => ({ name: key, value }));
          const services = { WEB_SERVICE_HOST: own.WEB_SERVICE_HOST, DEBUGSESSION_UID: own.DEBUGSESSION_UID };
          const natural = environmentLikeKubelet({ env: list, envFrom: sources }, data, services);
          const all = { ...own, ...natural };
          const wanted = [
            ...Object.entries(all).map(([key, value]) => `${key}=${value}`),
            ...words.map((word) => `word ${expandLikeKubelet(word, { ...services, ...natural })}`),
          ].sort();
          expect(await seenBy({ program, env, envFrom, own }, words)).toEqual(wanted);
        }),
        { numRuns: 8 },
      );
    },
  );

  eachShell(
    'the command under the $shell supervisor gets no variable that the shell has added',
    async ({ program }) => {
      const { stdout } = await Supervised.run({ program, command: ['env'] });
      expect(stdout.split('\n').map((line) => line.split('=')[0])).toEqual(['PATH', 'TERM', '']);
    },
  );

  eachShell("the $shell supervisor finds a command by the command's own PATH", async ({ program }) => {
    const env = { PATH: '/nowhere:/usr/bin' };
    expect((await Supervised.run({ program, env, command: ['printenv', 'PATH'] })).stdout).toBe('/nowhere:/usr/bin\n');
    expect((await Supervised.run({ program, env: { PATH: '/nowhere' }, command: ['printenv'] })).code).toBe(127);
  });
});

describe('the supervisor', () => {
  eachShell('the $shell supervisor keeps its deadline with any variable', async ({ program }) => {
    const hostile = {
      ...{
        PATH: '/nowhere:/usr/bin:/bin',
        LD_PRELOAD: '/nowhere.so',
        SHELLOPTS: 'noglob',
        FUNCNEST: '1',
        IFS: '0123',
        ENV: '/dev/tty',
      },
      ...{
        BASH_ENV: '/dev/tty',
        BASHOPTS: 'failglob',
        POSIXLY_CORRECT: '1',
        PS4: '$(kill $$)',
        _end: '9999999999',
        GLOBIGNORE: '*',
      },
    };
    for (const wish of [{ env: hostile }, { envFrom: [{ data: hostile }] }]) {
      const command = ['/bin/sleep', '60'];
      expect(await Supervised.run({ program, ...wish, ttl: 1, command })).toMatchObject({ word: 'Deadline' });
    }
  });
});
