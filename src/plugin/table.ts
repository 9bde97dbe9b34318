import { oneLine } from '../text/one-line.ts';

const GAP = '   ';

/**
 * Columns as kubectl aligns them; the last is cut where a line would be wider than `width`. Every cell is made
 * printable.
 */
export function table(header: readonly string[], rows: readonly (readonly string[])[], width = Infinity): string {
  const all = [header, ...rows.map((row) => row.map((cell) => oneLine(cell)))];
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all.map((row) => `${cut(alignedLine(row, widths), width)}\n`).join('');
}

function alignedLine(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, column) => cell.padEnd(widths[column] ?? 0))
    .join(GAP)
    .trimEnd();
}

function cut(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 3))}...`;
}
