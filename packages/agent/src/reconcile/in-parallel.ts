/** Bounded concurrency: many namespaces, few processes at a time. Every item is visited; a throw is the caller's value. */
export async function inParallel<T, R>(items: readonly T[], limit: number, visit: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results = new Map<number, R>();
  const queue = items.entries();
  const work = async (): Promise<void> => {
    for (const [index, item] of queue) results.set(index, await visit(item));
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  return items.flatMap((_, index) => (results.has(index) ? [results.get(index) as R] : [])); // has() says it is an R
}
