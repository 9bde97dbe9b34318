import { describe, expect, it } from '@jest/globals';
import type { EnvFromSource, EnvVar } from '../../../../src/api/ephemeral-container.ts';
import { setApart } from '../../../../src/session/container/environment.ts';
import { aSession } from '../../../support/builders/builders.ts';

// The kubelet replaces `$(NAME)` in words and values. It finds the variables of the requester under another name.

const P = 'DEBUGSESSION_ENV_';
const FROM: EnvFromSource[] = [{ secretRef: { name: 's' } }];

function apart(env: EnvVar[], words: string[], envFrom: EnvFromSource[] = []): ReturnType<typeof setApart> {
  return setApart({ ...aSession().spec, env, envFrom }, words);
}

describe('a reference to a variable', () => {
  it.each<[string, string, string]>([
    ['a variable of the requester', 'say $(GREETING) twice: $(GREETING)', `say $(${P}GREETING) twice: $(${P}GREETING)`],
    ['a variable of somebody else', '$(HOME)', '$(HOME)'],
    ['no variable, because its dollar is escaped', '$$(GREETING)', '$$(GREETING)'],
    ['a variable behind an escaped dollar', '$$$(GREETING)', `$$$(${P}GREETING)`],
    ['no variable, because it is open', '$(GREETING', '$(GREETING'],
  ])('a word that names %s means the same in the container', (_what, word, means) => {
    expect(apart([{ name: 'GREETING', value: 'hello' }], ['echo', word]).words).toEqual(['echo', means]);
  });

  it('a value refers to the variables before it, and to no later one', () => {
    const env = [
      { name: 'FIRST', value: '$(LAST)' },
      { name: 'LAST', value: '$(FIRST) and $(LAST)' },
    ];
    expect(apart(env, []).env).toEqual([
      { name: `${P}FIRST`, value: '$(LAST)' },
      { name: `${P}LAST`, value: `$(${P}FIRST) and $(LAST)` },
    ]);
  });

  it('every reference may mean a key of a secret, and an escaped dollar is no reference', () => {
    const { words, env } = apart([{ name: 'A', value: '$(KEY) $$ $$(KEY)' }], ['$(KEY)', '$$'], FROM);
    expect(words).toEqual([`$(${P}KEY)`, '$$']);
    expect(env).toEqual([{ name: `${P}A`, value: `$(${P}KEY) $$ $$(KEY)` }]);
  });

  it('a variable without a value of its own gets none', () => {
    const valueFrom = { secretKeyRef: { name: 's', key: 'k' } };
    expect(apart([{ name: 'A', valueFrom }], []).env).toStrictEqual([{ name: `${P}A`, valueFrom }]);
  });
});
