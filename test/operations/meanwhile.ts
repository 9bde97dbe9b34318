import { expect, it } from '@jest/globals';
import { check } from '../invariants/check.ts';
import { ofNamespace } from '../invariants/facts.ts';
import { readFacts } from '../invariants/read-log.ts';
import { describeBroken } from '../invariants/report.ts';
import type { Stage } from '../support/cluster/stage.ts';

/**
 * The tests that follow what was played: what the operator logged, and what it asked of the API server.
 * @param since of the first request, as the audit log writes times @param least facts that there must be
 */
export function testMeanwhile(stage: () => Stage, { since, least }: { since: string; least: number }): void {
  it('the operator neither ends nor complains of an error nor prints what is no log line', () => {
    const [operator] = stage().operators;
    expect(operator?.garbage).toEqual([]);
    expect(operator?.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  /** The log of requests is that of a cluster of ours only. */
  const onOwn = process.env['CLUSTER'] === 'current' ? it.skip : it;

  onOwn('the operator breaks no promise meanwhile', async () => {
    const { cluster, namespace } = stage();
    const here = ofNamespace(await readFacts(cluster.node?.auditLog ?? '', since), namespace);
    expect(here.length).toBeGreaterThan(least);
    expect(describeBroken(check(here))).toBe('');
  });
}
