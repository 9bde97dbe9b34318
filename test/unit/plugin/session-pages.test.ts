import { describe, expect, it } from '@jest/globals';
import { currentNamespace } from '../../../src/plugin/current-namespace.ts';
import type { Answer, Kubectl } from '../../../src/plugin/kubectl.ts';
import { readSessionPages } from '../../../src/plugin/session-pages.ts';
import { aSession } from '../../support/builders/builders.ts';

const EXPIRED = 'The provided continue parameter is too old to display a consistent list result';

/** A kubectl that answers in this order, and keeps what it was asked. */
function answering(...answers: (string | object)[]): { kubectl: Kubectl; asked: string[] } {
  const asked: string[] = [];
  const call = async (args: readonly string[]): Promise<Answer> => {
    asked.push(args.join(' '));
    const answer = answers.shift();
    if (typeof answer !== 'string') return { kind: 'done', stdout: JSON.stringify(answer) };
    return { kind: 'refused', refusal: { kind: 'Other', lines: [answer] } };
  };
  return { kubectl: { call } as unknown as Kubectl, asked };
}

function pageOf(names: readonly string[], more?: string): object {
  const items = names.map((name) => aSession({}, { metadata: { name } }));
  return { metadata: more === undefined ? {} : { continue: more }, items };
}

async function read(kubectl: Kubectl, namespace?: string): Promise<string[]> {
  let names: string[] = [];
  await readSessionPages(kubectl, namespace, {
    take: (sessions) => void names.push(...sessions.map(({ metadata }) => metadata.name)),
    restart: () => void (names = []),
  });
  return names;
}

describe('readSessionPages', () => {
  it('readSessionPages follows the token of each page until there is none', async () => {
    const { kubectl, asked } = answering(pageOf(['a', 'b'], 'x+y='), pageOf(['c'], ''));
    expect(await read(kubectl, 'shop')).toEqual(['a', 'b', 'c']);
    const path = 'get --raw /apis/debugsession.dev/v1alpha1/namespaces/shop/debugsessions';
    expect(asked).toEqual([`${path}?limit=250`, `${path}?limit=250&continue=x%2By%3D`]);
  });

  it('readSessionPages asks for all namespaces without a named namespace', async () => {
    const { kubectl, asked } = answering(pageOf([]));
    expect(await read(kubectl)).toEqual([]);
    expect(asked).toEqual(['get --raw /apis/debugsession.dev/v1alpha1/debugsessions?limit=250']);
  });

  it('readSessionPages begins again when the API server forgets the list, and takes no session twice', async () => {
    const { kubectl } = answering(pageOf(['a'], 'one'), EXPIRED, pageOf(['a'], 'two'), pageOf(['b']));
    expect(await read(kubectl)).toEqual(['a', 'b']);
  });

  it('readSessionPages gives up when the API server forgets the list three times', async () => {
    const again = [pageOf(['a'], 'x'), EXPIRED];
    const { kubectl, asked } = answering(...again, ...again, ...again);
    await expect(read(kubectl)).rejects.toThrow(EXPIRED);
    expect(asked).toHaveLength(6);
  });

  it('readSessionPages throws every other refusal at once', async () => {
    const { kubectl, asked } = answering('debugsessions is forbidden');
    await expect(read(kubectl)).rejects.toThrow('debugsessions is forbidden');
    expect(asked).toHaveLength(1);
  });
});

describe('currentNamespace', () => {
  const withContext = (stdout: string): Kubectl =>
    ({ call: async () => ({ kind: 'done', stdout }) }) as unknown as Kubectl;

  it('currentNamespace takes the namespace of the flag, else of the context, else default', async () => {
    expect(await currentNamespace(withContext('shop'), 'other')).toBe('other');
    expect(await currentNamespace(withContext('shop'), undefined)).toBe('shop');
    expect(await currentNamespace(withContext(''), undefined)).toBe('default');
    expect(await currentNamespace(answering('there is no context').kubectl, undefined)).toBe('default');
  });

  it('currentNamespace refuses a text that is no name and would be another path', async () => {
    await expect(currentNamespace(withContext(''), '../pods')).rejects.toThrow(/must be the name of a namespace/);
  });
});
