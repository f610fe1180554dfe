/** A seeded draw of rows, in their own order. */
import { Random } from '../tuning';

/** All of them where there are no more than `most`. */
export function drawRows<T>(rows: readonly T[], most: number, seed: number): readonly T[] {
  if (rows.length <= most) return rows;
  const drawn = new Random(seed).shuffle([...rows.keys()]).slice(0, most);
  return drawn.sort((a, b) => a - b).map((i) => rows[i] as T);
}
