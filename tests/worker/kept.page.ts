/** Runs in the page: the engine in its worker, as the page has it, on the bundled model. */
import { connectEngine } from '../../src/worker';
import type { AdapterSummary, TuneSettings } from '../../src/worker/protocol';
import type { KeptSweep, RunListing, SweepSettings } from '../../src/worker/runsProtocol';
import { ignore, textSource } from '../support/source';

const fable = { type: 'bundled', name: 'fable-7m' } as const;

export interface Kept {
  readonly runs: RunListing;
  readonly adapters: readonly AdapterSummary[];
  readonly sweeps: readonly KeptSweep[];
}

/** One run, and a sweep that is stopped in its first run. */
export async function work(dataset: string, settings: TuneSettings, sweep: SweepSettings): Promise<Kept> {
  const engine = connectEngine();
  await engine.loadModel(fable, 'wasm', () => {});
  await engine.setDataset(textSource('reviews.csv', dataset), { validationFraction: 0.1, seed: 1 }, ignore);
  await engine.tune(settings, () => {});
  await engine.sweep(sweep, (event) => {
    if (event.type === 'begins') void engine.stopSweep();
  });
  return { runs: await engine.runs(), adapters: (await engine.adapters()).usable, ...(await engine.sweeps()) };
}

/** What another visit finds. @returns it, and the sweep when it has been resumed to its end */
export async function comeBack(): Promise<Kept & { readonly resumed: KeptSweep | null }> {
  const engine = connectEngine();
  await engine.loadModel(fable, 'wasm', () => {});
  const found = { runs: await engine.runs(), adapters: (await engine.adapters()).usable, ...(await engine.sweeps()) };
  const [sweep] = found.sweeps;
  return { ...found, resumed: sweep ? await engine.resumeSweep(sweep.id, () => {}) : null };
}
