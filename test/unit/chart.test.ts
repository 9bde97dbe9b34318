import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { isMap, isScalar, parse, parseDocument, type YAMLMap } from 'yaml';
import { chartFiles, leftBehind } from '../../scripts/chart.ts';
import { repositoryPath } from '../support/documents/crd.ts';

const files = chartFiles();

function read(path: string): string {
  return existsSync(repositoryPath(path)) ? readFileSync(repositoryPath(path), 'utf8') : '';
}

it.each([...files.keys()])('the file %s is what `npm run chart` writes', (path) => {
  expect(read(path)).toBe(files.get(path));
});

it('the chart has no template whose manifest is gone', () => {
  expect(leftBehind(files)).toEqual([]);
});

it('the chart has the version of the operator', () => {
  const { version } = parse(read('package.json')) as { version: string };
  expect(parse(read('charts/debugsession/Chart.yaml'))).toMatchObject({ version, appVersion: version });
});

describe('values.yaml', () => {
  interface Schema {
    type?: string;
    properties?: Record<string, Schema>;
    additionalProperties?: boolean;
  }
  const schema = parse(read('charts/debugsession/values.schema.json')) as Schema;
  const values = parseDocument(read('charts/debugsession/values.yaml'));

  it('the file values.yaml has a comment above each value', () => {
    expect(uncommented(values.contents as YAMLMap, '', true)).toEqual([]);
  });

  it('the file values.yaml has the values that its schema knows, and no others', () => {
    const { global, ...known } = schema.properties ?? {};
    // Helm gives it to every chart.
    expect(global).toEqual({ type: 'object' });
    expect(shape({ ...schema, properties: known })).toEqual(keys(values.toJS()));
  });

  /** The paths of values without words above them. The contents of a value are not values of the chart. */
  function uncommented(map: YAMLMap, path: string, isTop: boolean): string[] {
    return map.items.flatMap(({ key, value }, index) => {
      const name = `${path}${isScalar(key) ? String(key.value) : ''}`;
      // A parser gives the comment above the first key to its map.
      const comment = (isScalar(key) ? key.commentBefore : undefined) ?? (index === 0 ? map.commentBefore : undefined);
      const below = isTop && isMap(value) && isGroup(name) ? uncommented(value, `${name}.`, false) : [];
      return [...(comment?.trim() || (isTop && index === 0 && values.commentBefore) ? [] : [name]), ...below];
    });
  }

  function isGroup(name: string): boolean {
    return schema.properties?.[name]?.properties !== undefined;
  }

  function shape({ properties = {} }: Schema): object {
    return Object.fromEntries(
      Object.entries(properties).map(([name, below]) => [name, below.properties && Object.keys(below.properties)]),
    );
  }

  function keys(all: unknown): object {
    return Object.fromEntries(
      Object.entries(all as object).map(([name, value]) => [
        name,
        isGroup(name) ? Object.keys(value as object) : undefined,
      ]),
    );
  }
});
