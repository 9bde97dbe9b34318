import { median } from './statistics.ts';

/** Median (least to most). */
export function range(samples: readonly number[]): string {
  const all = samples.length > 1 ? ` (${number(Math.min(...samples))} to ${number(Math.max(...samples))})` : '';
  return `${number(median(samples))}${all}`;
}

/** Three digits that count. */
export function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
