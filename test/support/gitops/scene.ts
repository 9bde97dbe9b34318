import type { DebugSessionSpec } from '../../../src/api/debugsession.ts';
import { Flux } from './flux.ts';
import { GitTeam, type TeamParts } from './team.ts';

/** A team whose sessions Flux applies, as docs/guides/flux.md says. */
export class GitOpsScene extends GitTeam {
  readonly flux: Flux;

  private constructor(parts: TeamParts, flux: Flux) {
    super(parts);
    this.flux = flux;
  }

  static async open(name: string): Promise<GitOpsScene> {
    const parts = await GitTeam.gather(`gitops-${name}`);
    return new GitOpsScene(parts, await Flux.start(parts.stage));
  }

  /** Commits a session to a folder of its own, applies that by a Kustomization, and waits until it is ready. */
  async keepInGit(name: string, more: Partial<DebugSessionSpec> = {}): Promise<void> {
    const revision = await this.flux.push({ [`${name}/session.yaml`]: this.session(name, more) });
    await this.flux.apply(name, { path: `./${name}` });
    await this.flux.untilReady(name, revision);
  }

  /** What Flux has written to the sessions and approvals up to now. */
  writesOfFlux(): Promise<string[]> {
    return this.writesOf(this.flux.username);
  }

  override async close(): Promise<void> {
    await this.flux.stop();
    await super.close();
  }
}
