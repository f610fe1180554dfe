/**
 * What a run with the present settings would learn, weigh and take. Asked anew when settings, model or dataset change;
 * the answer stands until the next one is there.
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type { Engine, SerialisedError, TuneEstimate, TuneSettings } from '../worker';
import { toProblem } from './problem';
import { latestOnly } from './schedule';

export interface EstimateState {
  readonly value: TuneEstimate | null;
  readonly problem: SerialisedError | null;
}

export interface Estimate {
  readonly store: StoreApi<EstimateState>;
  ask(settings: TuneSettings): void;
  clear(): void;
}

export function createEstimate(engine: Engine): Estimate {
  const store = createStore<EstimateState>(() => ({ value: null, problem: null }));
  const ask = latestOnly<TuneSettings>(async (settings, isNewest) => {
    try {
      const value = await engine.estimate(settings);
      if (isNewest()) store.setState({ value, problem: null });
    } catch (thrown) {
      if (isNewest()) store.setState({ value: null, problem: toProblem(thrown) });
    }
  });
  return { store, ask, clear: () => store.setState({ value: null, problem: null }) };
}
