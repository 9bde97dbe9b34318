import type { EnvVar, PullPolicy, SecurityContext } from './debugsession.ts';

/** The fields of a core/v1 EphemeralContainer that we set. */
export interface EphemeralContainer {
  name: string;
  image: string;
  imagePullPolicy?: PullPolicy;
  command?: string[];
  args?: string[];
  env: EnvVar[];
  workingDir?: string;
  stdin?: boolean;
  tty?: boolean;
  terminationMessagePolicy: 'File';
  targetContainerName?: string;
  securityContext?: SecurityContext;
}
