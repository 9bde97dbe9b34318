import { oneLine } from '../../text/one-line.ts';
import { type Check, checked } from './check.ts';
import type { Facts } from './facts.ts';
import { unreadWords } from './reading.ts';

/** The oldest minor version of Kubernetes 1 that serves ValidatingAdmissionPolicy as v1. */
export const OLDEST_MINOR = 30;
/** The oldest minor version of Kubernetes 1 that serves MutatingAdmissionPolicy as v1. */
export const FILLING_MINOR = 36;

/** Whether the cluster has what DebugSession needs of Kubernetes. */
export function checkKubernetes(facts: Facts): Check[] {
  return [checkVersion(facts), checkEphemeralContainers(facts), checkClock(facts)];
}

function checkVersion({ version, admissionResources }: Facts): Check {
  const check = checked('Kubernetes');
  if (version.kind === 'absent') return check.unknown('the API server does not say its version');
  if (version.kind !== 'read') return check.unknown(unreadWords(version, 'the version of the API server'));
  const { gitVersion, major, minor } = version.value;
  const name = oneLine(gitVersion, 60);
  // Some vendors write `30+`.
  const number = Number.parseInt(minor, 10);
  if (major !== '1' || Number.isNaN(number)) return check.ok(`${name}: DebugSession does not know this version`);
  if (number < OLDEST_MINOR)
    return check.broken(`${name} is too old for DebugSession`, `upgrade Kubernetes to 1.${OLDEST_MINOR} or newer`);
  const fills = admissionResources.kind === 'read' && admissionResources.value.includes('mutatingadmissionpolicies');
  if (admissionResources.kind === 'read' && !fills)
    return check.ok(`${name}: it has no MutatingAdmissionPolicy, so each session has to name its requester`);
  return check.ok(name);
}

function checkEphemeralContainers({ coreResources }: Facts): Check {
  const check = checked('ephemeral containers');
  if (coreResources.kind !== 'read')
    return check.unknown(
      coreResources.kind === 'absent'
        ? 'the API server does not list its resources'
        : unreadWords(coreResources, 'the resources of the API server'),
    );
  return coreResources.value.includes('pods/ephemeralcontainers')
    ? check.ok('the API server serves pods/ephemeralcontainers')
    : check.broken(
        'the API server does not serve pods/ephemeralcontainers',
        'ask the administrators of the cluster: this is not a complete Kubernetes',
      );
}

/** A difference in seconds that nobody notices. The time of the API server is known to the second only. */
const SMALL_SKEW_S = 10;

function checkClock({ now, serverNow }: Facts): Check {
  const check = checked('clock');
  if (serverNow === undefined) return check.unknown('the time of the API server is not known');
  const aheadS = Math.round((now - serverNow) / 1000);
  if (Math.abs(aheadS) <= SMALL_SKEW_S) return check.ok('this machine and the API server have the same time');
  return check.warning(
    `the clock of this machine is ${Math.abs(aheadS)} s ${aheadS > 0 ? 'ahead of' : 'behind'} the API server, so ages and times that remain are wrong here`,
    'set the clock of this machine',
  );
}
