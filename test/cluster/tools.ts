import { join } from 'node:path';
import type { CachePaths } from './paths.ts';
import { ensure, type GoModule } from './programs.ts';
import type { Progress } from './progress.ts';

/** Programs that judge or receive what the project makes. Apart from programs.ts: no cluster needs them. */
const PACKAGES = {
  actionlint: 'github.com/rhysd/actionlint/cmd/actionlint',
  crane: 'github.com/google/go-containerregistry/cmd/crane',
  'kube-score': 'github.com/zegl/kube-score/cmd/kube-score',
  kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform',
} as const;

export type Tool = keyof typeof PACKAGES;
export const TOOLS = Object.keys(PACKAGES) as readonly Tool[];

/**
 * Builds a tool, which takes seconds, unless it is in the cache.
 * @returns its path. @throws Error when Go is missing or the build fails, with the compiler's words.
 */
export async function ensureTool(name: Tool, paths: CachePaths, progress: Progress): Promise<string> {
  return (await ensure([moduleOf(name)], paths, progress)).get(name) ?? '';
}

export function moduleOf(name: Tool): GoModule {
  return {
    name,
    folder: join(import.meta.dirname, 'modules', name),
    pins: ['go.mod', 'go.sum'],
    flags: ['-trimpath', '-ldflags=-s -w'],
    env: { CGO_ENABLED: '0' },
    programs: { [name]: PACKAGES[name] },
  };
}
