/** The field is kept as the API server sent it. */
export const KEPT = 'kept';

/**
 * How each field of `T` is made of what was read. The table is exhaustive: a field that `T` declares and the table
 * lacks does not compile. So code cannot read a field that is there in a test and cut off in production.
 */
export type Fields<T, Raw = T> = {
  readonly [K in keyof T]-?: ((raw: Raw) => T[K]) | KeptField<T, Raw, K>;
};

type KeptField<T, Raw, K extends keyof T> = K extends keyof Raw ? (Raw[K] extends T[K] ? typeof KEPT : never) : never;

type Make = ((raw: object) => unknown) | typeof KEPT;

/**
 * Makes a function that cuts an object down to the fields of the table. A field without a value is left out, because it
 * would cost memory. Pods come by the thousands, so the table is read once.
 */
export function cutter<T extends object, Raw extends object = T>(fields: Fields<T, Raw>): (raw: Raw) => T {
  const entries = Object.entries(fields as Record<string, Make>);
  const keys = entries.map(([key]) => key);
  const makes = entries.map(([, make]) => (make === KEPT ? undefined : make));
  return (raw) => {
    const cut: Record<string, unknown> = {};
    for (let i = 0; i < keys.length; i += 1) {
      const key = keys[i] as string;
      const make = makes[i];
      const value = make === undefined ? (raw as Record<string, unknown>)[key] : make(raw);
      if (value !== undefined) cut[key] = value;
    }
    return cut as T;
  };
}
