/** Progress as it is told across the border: a few times a second, and always its beginning and its end. */

const INTERVAL_MS = 250;

export function sparingly(total: number, report: (done: number) => void): (done: number) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (done) => {
    const now = performance.now();
    if (done > 0 && done < total && now - last < INTERVAL_MS) return;
    last = now;
    report(done);
  };
}
