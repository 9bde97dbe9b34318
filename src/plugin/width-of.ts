/**
 * How many letters fit on a line of a terminal. Undefined: it is no terminal, or one that does not say, as in some
 * containers and CI systems, where it says 0.
 */
export function widthOf({ isTTY, columns }: { isTTY?: boolean; columns?: number }): number | undefined {
  return isTTY === true && columns !== undefined && columns > 0 ? columns : undefined;
}
