import { everyWay, playMoves } from './play.ts';

// As docs/install.md says: the new custom resources, roles and policies, then the new operator.
playMoves(everyWay('old', 'new'), 'old', 'new');
