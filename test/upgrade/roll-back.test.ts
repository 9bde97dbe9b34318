import { everyWay, playMoves } from './play.ts';

// Back again, with the custom resources, roles and policies of the last release.
playMoves(everyWay('new', 'old'), 'new', 'old');
