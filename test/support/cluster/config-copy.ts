import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryPath } from '../documents/crd.ts';

/** A copy of the manifests, for a test that does with them what the documentation says. */
export class ConfigCopy {
  readonly folder = mkdtempSync(join(tmpdir(), 'debugsession-config-'));

  constructor() {
    for (const name of ['config', 'crds']) cpSync(repositoryPath(name), this.path(name), { recursive: true });
  }

  path(file: string): string {
    return join(this.folder, file);
  }

  /** @throws Error when that changes nothing: what the test relies on is no longer there */
  edit(file: string, change: (text: string) => string): void {
    const before = readFileSync(this.path(file), 'utf8');
    const after = change(before);
    if (after === before) throw new Error(`${file}: there was nothing to edit`);
    writeFileSync(this.path(file), after);
  }

  /** A file or folder as the repository has it. */
  restore(path: string): void {
    cpSync(repositoryPath(path), this.path(path), { recursive: true });
  }

  /** Takes the number signs off the components that config/default offers. */
  chooseComponents(): void {
    this.edit('config/default/kustomization.yaml', (text) => text.replace(/^# (components:| {2}- .*)$/gm, '$1'));
  }

  /** What config/namespaced says is to be done to look after these namespaces, instead of its example. */
  lookAfter(namespaces: readonly string[]): void {
    for (const namespace of namespaces) {
      cpSync(this.path('config/namespaced/shop'), this.path(`config/namespaced/${namespace}`), { recursive: true });
      this.edit(`config/namespaced/${namespace}/kustomization.yaml`, (text) => text.replaceAll(/\bshop\b/g, namespace));
    }
    this.edit('config/namespaced/kustomization.yaml', (text) =>
      text
        .replace(/^ {2}- shop$/m, namespaces.map((namespace) => `  - ${namespace}`).join('\n'))
        .replace(/--namespaces=shop$/m, `--namespaces=${namespaces.join(',')}`),
    );
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
