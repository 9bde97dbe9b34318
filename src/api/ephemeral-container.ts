import type { EnvFromSource, EnvVar, PullPolicy, SecurityContext, VolumeMount } from './debugsession.ts';

/** The fields of a core/v1 EphemeralContainer that we set. */
export interface EphemeralContainer {
  name: string;
  image: string;
  imagePullPolicy?: PullPolicy;
  command?: string[];
  args?: string[];
  env: EnvVar[];
  envFrom?: EnvFromSource[];
  volumeMounts?: VolumeMount[];
  workingDir?: string;
  stdin?: boolean;
  tty?: boolean;
  terminationMessagePolicy: 'File';
  targetContainerName?: string;
  securityContext?: SecurityContext;
}
