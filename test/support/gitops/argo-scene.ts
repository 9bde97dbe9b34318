import { Argo } from './argo.ts';
import { GitTeam, type TeamParts } from './team.ts';

/** A team whose sessions Argo CD applies, as docs/guides/argo-cd.md says. */
export class ArgoScene extends GitTeam {
  readonly argo: Argo;

  private constructor(parts: TeamParts, argo: Argo) {
    super(parts);
    this.argo = argo;
  }

  static async open(name: string): Promise<ArgoScene> {
    const parts = await GitTeam.gather(`gitops-${name}`);
    return new ArgoScene(parts, await Argo.start(parts.stage));
  }

  /** What Argo CD has written to the sessions up to now. */
  writesOfArgo(): Promise<string[]> {
    return this.writesOf(this.argo.username);
  }

  override async close(): Promise<void> {
    await this.argo.stop();
    await super.close();
  }
}
