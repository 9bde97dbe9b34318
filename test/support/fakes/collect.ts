/** Everything that an async iterable gives, as an array (`Array.fromAsync` is not in the es2024 types). */
export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of source) all.push(item);
  return all;
}
