/**
 * Two ways of not doing too much: events are gathered and applied together, and calls to the engine of which only
 * the newest matters are never queued behind each other. When to flush is a parameter, so a test decides what time is.
 */

/** Calls `flush` once, soon; in the page with an animation frame. */
export type Schedule = (flush: () => void) => void;

/** Nobody reads numbers faster than this, and every drawing takes time from what is being computed. */
const MIN_INTERVAL_MS = 80;

/** The page's schedule: with an animation frame, but not with every one. Hidden pages have none; a slow timer serves. */
export function createFrameSchedule(): Schedule {
  let flushedAt = Number.NEGATIVE_INFINITY;
  return (flush) => {
    const run = () => {
      flushedAt = performance.now();
      flush();
    };
    if (document.hidden) setTimeout(run, 500);
    else setTimeout(() => requestAnimationFrame(run), Math.max(0, MIN_INTERVAL_MS - (performance.now() - flushedAt)));
  };
}

/** Runs something after a while, unless the function it returns is called before. */
export type Delay = (run: () => void) => () => void;

/** Long enough to read a line and reach a button. */
export function createDelay(milliseconds = 8000): Delay {
  return (run) => {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  };
}

export interface Batcher<T> {
  push(item: T): void;
  /** Applies what is waiting at once, e.g. before a state that must not be overtaken. */
  flush(): void;
}

export function createBatcher<T>(apply: (items: readonly T[]) => void, schedule: Schedule): Batcher<T> {
  let waiting: T[] = [];
  let scheduled = false;
  const flush = () => {
    scheduled = false;
    if (waiting.length === 0) return;
    const items = waiting;
    waiting = [];
    apply(items);
  };
  return {
    push(item) {
      waiting.push(item);
      if (scheduled) return;
      scheduled = true;
      schedule(flush);
    },
    flush,
  };
}

/**
 * Runs `work` one call at a time. A request that arrives meanwhile waits, and a newer one takes its place; a replaced
 * request is never run. One that `overtakes` what is under way does not wait for it. `work` gets `isNewest`, so that it can
 * drop a result that nobody waits for any more.
 */
export function latestOnly<T>(
  work: (request: T, isNewest: () => boolean) => Promise<void>,
  overtakes: (newer: T, underWay: T) => boolean = () => false,
): (request: T) => void {
  let waiting: { request: T } | null = null;
  let underWay: { request: T } | null = null;
  const run = async (request: T) => {
    const mine = { request };
    underWay = mine;
    await work(request, () => underWay === mine && waiting === null);
    if (underWay !== mine) return;
    underWay = null;
    const next = waiting;
    waiting = null;
    if (next !== null) await run(next.request);
  };
  return (request) => {
    if (underWay !== null && !overtakes(request, underWay.request)) {
      waiting = { request };
      return;
    }
    waiting = null;
    void run(request);
  };
}
