import type { DebugSession, Run } from '../../api/debugsession.ts';
import type { EphemeralContainer } from '../../api/ephemeral-container.ts';
import { fromTimestamp } from '../../api/time.ts';
import { containerName, ephemeralContainer } from './container.ts';
import { effectiveValues } from './effective.ts';

/**
 * The container of a run: a pure function of the record and the spec. `specHash` tells whether the spec is still the
 * one of the intent.
 */
export function containerOf(session: DebugSession, run: Run): EphemeralContainer {
  const { spec, metadata } = session;
  const startBy = fromTimestamp(run.startBy);
  const lastMoment = fromTimestamp(run.lastMoment);
  return ephemeralContainer({
    name: run.debugContainerName ?? containerName(metadata.uid, run.attempt),
    spec,
    effective: run.effective ?? effectiveValues(spec),
    sessionUID: metadata.uid,
    attempt: run.attempt,
    ...(spec.target.containerName === undefined ? {} : { targetContainerName: spec.target.containerName }),
    ...(startBy === undefined ? {} : { startBy }),
    ...(lastMoment === undefined ? {} : { lastMoment }),
  });
}
