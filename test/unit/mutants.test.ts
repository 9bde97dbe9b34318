import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { MUTANTS } from '../mutation/mutants.ts';
import { repositoryPath } from '../support/documents/crd.ts';

// The mutation run takes minutes and is no part of `make test`; that its bugs can still be sown is.
it.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
  'the source holds the text of the mutant %s once',
  (_, mutant) => {
    const source = readFileSync(repositoryPath(mutant.file), 'utf8');
    expect(source.split(mutant.from)).toHaveLength(2);
  },
);
