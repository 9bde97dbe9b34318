import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { repositoryPath } from './crd.ts';
import type { Stage } from '../cluster/stage.ts';

/** An object as a guide shows it. */
export interface GuideObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  spec?: Record<string, unknown>;
}

/** The yaml code blocks of a text, each with the line it starts on. */
export function yamlBlocks(text: string): { line: number; source: string }[] {
  return [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map((match) => ({
    line: text.slice(0, match.index).split('\n').length,
    source: match[1] ?? '',
  }));
}

/** The values of a YAML source of one or several documents. @throws Error with the parser's words. */
export function documents(source: string): unknown[] {
  return parseAllDocuments(source).map((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return document.toJS() as unknown;
  });
}

/**
 * A how-to of docs/guides. Tests apply the very manifests that it prints and look for the very words that it quotes, so
 * that neither can come to differ from what a reader sees.
 */
export class Guide {
  readonly text: string;
  readonly objects: GuideObject[];

  constructor(file: string) {
    this.text = readFileSync(repositoryPath(`docs/guides/${file}`), 'utf8');
    this.objects = yamlBlocks(this.text).flatMap(({ source }) => documents(source) as GuideObject[]);
  }

  /** @throws Error when the guide does not have it */
  object(name: string): GuideObject {
    const found = this.objects.find((candidate) => candidate.metadata.name === name);
    if (found === undefined) throw new Error(`the guide has no object ${name}`);
    return found;
  }

  /**
   * Applies an object of the guide with kubectl, as its reader would. `change` stands for what the reader is told to
   * edit.
   */
  async apply(stage: Stage, name: string, change: (text: string) => string = (text) => text): Promise<void> {
    const applied = await stage.kubectl(['apply', '-f', '-'], change(JSON.stringify(this.object(name))));
    if (applied.code !== 0) throw new Error(`kubectl apply of ${name}: ${applied.stderr.trim()}`);
  }
}
