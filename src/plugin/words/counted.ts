/** A count with its noun, such as `1 restart` or `3 restarts`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
