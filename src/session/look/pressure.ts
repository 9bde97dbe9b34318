import type { PodUse } from '../../policy/headroom.ts';

/** A condition of a node that says that it runs short. */
export type PressureCondition = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure';

/** That a node runs short of something, by its own status. */
export interface NodePressure {
  type: PressureCondition;
  /** Since when, as the node's kubelet reports it. */
  since?: string;
  /** The kubelet's words. */
  message?: string;
}

/** What a look at the place of a run has shown. What could not be read is absent, and nothing is said of it. */
export interface PressureLook {
  /** Empty: the node is under no pressure. */
  node?: readonly NodePressure[];
  use?: PodUse;
}
