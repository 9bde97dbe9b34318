import { expect, it } from '@jest/globals';
import { droppedFields, mustBeKept } from '../../../src/plugin/dropped-fields.ts';

it.each([
  [{ ttl: '1h', cancel: null }, { ttl: '1h' }, []],
  [{ ttl: '1h' }, { ttl: '60m', image: 'more' }, []],
  [{ attachers: [{ kind: 'User', name: 'olga' }] }, {}, ['spec.attachers']],
  [
    { attachers: [{ kind: 'User', namespace: 'x' }] },
    { attachers: [{ kind: 'User' }] },
    ['spec.attachers[0].namespace'],
  ],
  [{ target: { podName: 'web', workloadRef: undefined } }, { target: { podName: 'web' } }, []],
])('droppedFields finds what was sent and not kept: %j and %j', (sent, kept, dropped) => {
  expect(droppedFields(sent, kept, 'spec')).toEqual(dropped);
});

it('mustBeKept names the field, and says what to do', () => {
  expect(() => mustBeKept({ attachers: [] }, {})).toThrow(
    /has no field spec\.attachers: it is older than this kubectl dbg.*kubectl dbg doctor/,
  );
});
