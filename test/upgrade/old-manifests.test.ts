import { everyWay, playMoves } from './play.ts';

// The custom resources, roles and policies of the last release, also under the operator of this tree.
playMoves([...everyWay('old', 'new'), ...everyWay('new', 'old')], 'old', 'old');
