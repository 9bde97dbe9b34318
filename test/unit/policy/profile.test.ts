import { describe, expect, it } from '@jest/globals';
import type { Profile } from '../../../src/api/profiles.ts';
import type { SecurityContext } from '../../../src/api/ephemeral-container.ts';
import { securityContextOf } from '../../../src/policy/profile.ts';

// What each profile is, is compared with the real kubectl in test/e2e/profiles.test.ts. Here: what is laid over it.

const restricted = securityContextOf('restricted');

describe('a securityContext over a profile', () => {
  const table: {
    what: string;
    profile: Profile;
    overlay: SecurityContext | undefined;
    is: SecurityContext | undefined;
  }[] = [
    { what: 'nothing over nothing', profile: 'baseline', overlay: undefined, is: undefined },
    { what: 'something over nothing', profile: 'baseline', overlay: { runAsUser: 0 }, is: { runAsUser: 0 } },
    {
      what: 'a field beside those of the profile',
      profile: 'general',
      overlay: { runAsUser: 1000 },
      is: { capabilities: { add: ['SYS_PTRACE'] }, runAsUser: 1000 },
    },
    {
      what: 'a list over the list of the profile',
      profile: 'netadmin',
      overlay: { capabilities: { add: ['NET_RAW'] } },
      is: { capabilities: { add: ['NET_RAW'] } },
    },
    {
      what: 'a list beside another list of the same object',
      profile: 'general',
      overlay: { capabilities: { drop: ['ALL'] } },
      is: { capabilities: { add: ['SYS_PTRACE'], drop: ['ALL'] } },
    },
    {
      what: 'a value over the value of the profile',
      profile: 'sysadmin',
      overlay: { privileged: false },
      is: { privileged: false },
    },
    {
      what: 'a field over the field of an object of the profile',
      profile: 'restricted',
      overlay: { seccompProfile: { type: 'Localhost', localhostProfile: 'audit.json' } },
      is: { ...restricted, seccompProfile: { type: 'Localhost', localhostProfile: 'audit.json' } },
    },
    {
      what: 'half of an object beside the other half, which the profile has',
      profile: 'restricted',
      overlay: { seccompProfile: { localhostProfile: 'audit.json' } as NonNullable<SecurityContext['seccompProfile']> },
      is: { ...restricted, seccompProfile: { type: 'RuntimeDefault', localhostProfile: 'audit.json' } },
    },
  ];

  it.each(table)('the securityContext of a session lays $what', ({ profile, overlay, is }) => {
    const context = securityContextOf(profile, overlay);
    expect(context).toEqual(is);
    // `toEqual` does not tell a field without a value from none; the API server does.
    expect(Object.values(context ?? {})).not.toContain(undefined);
  });

  it('securityContextOf changes neither the profile nor the securityContext of the session', () => {
    const overlay = { capabilities: { add: ['KILL'] } };
    const before = structuredClone({ restricted, overlay });
    securityContextOf('restricted', overlay);
    expect({ restricted: securityContextOf('restricted'), overlay }).toEqual(before);
  });
});
