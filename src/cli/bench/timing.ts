/** Clocks for the bench: medians over runs that take turns, so that whatever else the machine does strikes both alike. */

export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('the median of nothing');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[(sorted.length - 1) >> 1] as number, sorted[middle] as number];
  return (low + high) / 2;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

export interface Comparison {
  /** Medians, in milliseconds. */
  readonly a: number;
  readonly b: number;
  /** Median of a / b within each round: what slows the machine for a while slows both. */
  readonly ratio: number;
}

/**
 * Runs a, b, then b, a, then a, b, … and compares them.
 * @param warmUps rounds that are not counted: sessions, caches and the JIT
 */
export async function takeTurns(
  rounds: number,
  warmUps: number,
  a: () => Promise<unknown>,
  b: () => Promise<unknown>,
): Promise<Comparison> {
  const times: { readonly a: number; readonly b: number }[] = [];
  for (let round = 0; round < warmUps + rounds; round++) {
    const early = round % 2 === 0 ? await timed(a) : null;
    const ofB = await timed(b);
    const ofA = early ?? (await timed(a));
    if (round >= warmUps) times.push({ a: ofA, b: ofB });
  }
  return {
    a: median(times.map((time) => time.a)),
    b: median(times.map((time) => time.b)),
    ratio: median(times.map((time) => time.a / time.b)),
  };
}
