import type { FuzzTarget } from '../target.ts';
import { apiAnswers } from './api-answer.ts';
import { claims } from './claims.ts';
import { documents, policies } from './documents.ts';
import { frames } from './frames.ts';
import { image } from './image.ts';
import { terminal } from './terminal.ts';
import { words } from './words.ts';

/** Every reader of foreign text that is fuzzed. */
export const TARGETS: readonly FuzzTarget[] = [image, words, apiAnswers, frames, claims, documents, policies, terminal];
