import { everyWay, playMoves } from './play.ts';

// The custom resources, roles and policies of this tree, and then the operator of the last release. That operator
// starts nothing under them, so no session of its own can be handed over.
playMoves(everyWay('new', 'old'), 'new', 'new');
