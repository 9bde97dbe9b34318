import { everyWay, playMoves } from './play.ts';

// The custom resources, roles and policies of this tree, also under the operator of the last release.
playMoves([...everyWay('old', 'new'), ...everyWay('new', 'old')], 'new', 'new');
