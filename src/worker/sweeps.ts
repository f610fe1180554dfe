/** Sweeps as they are kept: making one, taking one up again, and the list of all. */
import { DataError, ModelError } from '../errors';
import { beginSweep, nextRun, pointsOf, reportOf, takenUp } from '../tuning';
import { identityOf, isSameModel } from './keptAdapters';
import type { OpenModel } from './openModel';
import type { PreparedDataset } from './preparedDataset';
import type { KeptSweep, SweepListing, SweepSettings } from './runsProtocol';
import { type KeptDataset, RunStore, type StoredSweep } from './store';

/** Not yet kept. @throws DataError where the settings make no runs */
export async function newSweep(
  store: RunStore,
  { summary }: OpenModel,
  { summary: { name }, source }: PreparedDataset,
  settings: SweepSettings,
): Promise<StoredSweep> {
  const { space, strategy, halving, shared } = settings;
  const state = beginSweep(pointsOf(space, strategy), halving, shared.steps);
  const number = await store.nextNumber();
  return {
    id: `sweep-${number}`,
    name: `${name.replace(/\.\w+$/, '')} · sweep #${number}`,
    begun: Date.now(),
    model: identityOf(summary),
    dataset: { id: await RunStore.datasetId(source), name },
    settings,
    state,
  };
}

/** While a sweep is under way here, no other tab takes it up. @throws DataError where one has */
export async function whileClaimed<T>(store: RunStore, id: string, work: () => Promise<T>): Promise<T> {
  const release = await store.claim(id);
  if (release === null) {
    throw new DataError('This sweep is under way in another tab.', {}, 'Stop it there, or watch it there.');
  }
  try {
    return await work();
  } finally {
    release();
  }
}

/** @throws ModelError that says what to load, where the sweep is of another model */
function checkModel({ model }: StoredSweep, { summary }: OpenModel): void {
  const loaded = identityOf(summary);
  if (isSameModel(model, loaded)) return;
  const said = ({ name, dtype, fileBytes }: typeof model) =>
    `${name} (${dtype}, ${fileBytes.toLocaleString('en')} bytes)`;
  throw new ModelError(
    `This sweep is of ${said(model)}; the loaded model is ${said(loaded)}.`,
    {},
    `Load ${model.name} as ${model.dtype}, then resume the sweep.`,
  );
}

export function sweepAsKept(sweep: StoredSweep, underWay: boolean): KeptSweep {
  const state = underWay ? sweep.state : takenUp(sweep.state);
  const phase = underWay ? 'running' : nextRun(state) === undefined ? 'finished' : 'stopped';
  return { ...sweep, state, phase, report: reportOf(state) };
}

/** @throws DataError where it, or its dataset, is gone; ModelError where another model is loaded */
export async function keptSweep(
  store: RunStore,
  id: string,
  model: OpenModel,
): Promise<{ readonly sweep: StoredSweep; readonly source: KeptDataset }> {
  const sweep = await store.sweep(id);
  if (sweep === null) throw new DataError('This sweep is no longer kept.', {}, 'Begin a new one.');
  checkModel(sweep, model);
  const source = await store.dataset(sweep.dataset.id);
  if (source === null) {
    const { name } = sweep.dataset;
    throw new DataError(
      `${name}, which this sweep is made with, is no longer kept.`,
      { file: name },
      'Begin a new one.',
    );
  }
  return { sweep, source };
}

/** Oldest first. */
export async function listSweeps(store: RunStore): Promise<SweepListing> {
  const { records, warnings } = await store.sweeps();
  const sweeps = await Promise.all(records.map(async (sweep) => sweepAsKept(sweep, await store.isUnderWay(sweep.id))));
  return { sweeps: sweeps.sort((a, b) => a.begun - b.begun), warnings };
}
