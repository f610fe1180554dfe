/** Clocks for the bench: medians over runs that take turns, so that whatever else the machine does strikes both alike. */

export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('the median of nothing');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[(sorted.length - 1) >> 1] as number, sorted[middle] as number];
  return (low + high) / 2;
}

/** @returns milliseconds */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/**
 * Runs a, b, a, b, … and compares them.
 * @param warmUps rounds that are not counted: sessions, caches and the JIT
 * @returns the median of a and of b, in milliseconds
 */
export async function takeTurns(
  rounds: number,
  warmUps: number,
  a: () => Promise<unknown>,
  b: () => Promise<unknown>,
): Promise<{ readonly a: number; readonly b: number }> {
  const times = { a: [] as number[], b: [] as number[] };
  for (let round = -warmUps; round < rounds; round++) {
    const [first, second] = [await timed(a), await timed(b)];
    if (round < 0) continue;
    times.a.push(first);
    times.b.push(second);
  }
  return { a: median(times.a), b: median(times.b) };
}
