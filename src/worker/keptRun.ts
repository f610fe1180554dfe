/** A run that is kept: its record begins before the first step, and ends with how it ended, whatever that is. */
import { serialiseError } from './errors';
import { identityOf, keepAdapter } from './keptAdapters';
import type { OpenModel } from './openModel';
import type { PreparedDataset } from './preparedDataset';
import type { TuneEvent, TuneSettings } from './protocol';
import type { KeptRun, RunEnding } from './runsProtocol';
import { RunKeeper, RunStore } from './store';
import type { StoredAdapter } from './storedAdapter';
import type { TuneOutcome } from './tuneRun';

export interface RunOrder {
  readonly settings: TuneSettings;
  readonly dataset: PreparedDataset;
  readonly sweepId: string | null;
  readonly onEvent: (event: TuneEvent) => void;
  /** Whether it was others that stopped it. */
  readonly isOutrun: () => boolean;
}

export interface EndedRun {
  readonly kept: KeptRun;
  readonly done: Extract<TuneEvent, { type: 'done' }>;
  /** null where nobody wants it. */
  readonly adapter: StoredAdapter | null;
}

/** @param work trains, and gives its events to the function it gets */
export async function runKept(
  store: RunStore,
  model: OpenModel,
  number: number,
  order: RunOrder,
  work: (onEvent: (event: TuneEvent) => void) => Promise<TuneOutcome>,
): Promise<EndedRun> {
  const { dataset, onEvent } = order;
  const onProblem = (error: unknown) => onEvent({ type: 'unkept', problem: serialiseError(error) });
  const run = await beginning(model, number, order);
  const keeper = await RunKeeper.begin({ store, run, dataset: dataset.source, onProblem });
  onEvent({ type: 'kept', runId: run.id });
  try {
    const { adapter, outcome } = await work((event) => {
      keeper.add(event);
      onEvent(event);
    });
    const cut = cutBySweep(order, outcome.reason);
    const done = { type: 'done', ...outcome, ...(cut && { message: cut.message }), adapter: adapter.summary } as const;
    if (cut) return { done, kept: await keeper.end(cut.ending, cut.message, null), adapter: null };
    const isKept = await keepAdapter(store, adapter, run.model, run.id).then(
      () => true,
      (error: unknown) => {
        onProblem(error);
        return false;
      },
    );
    const { id, parameters, bytes } = adapter.summary;
    const kept = await keeper.end(outcome.reason, outcome.message, isKept ? { id, parameters, bytes } : null);
    return { done, kept, adapter };
  } catch (error) {
    await keeper.end('failed', serialiseError(error).message, null);
    throw error;
  }
}

/** How a run of a sweep ended that was stopped; null for all others, also where it diverged as it was being stopped. */
function cutBySweep(
  { sweepId, isOutrun }: RunOrder,
  reason: EndedRun['done']['reason'],
): { readonly ending: RunEnding; readonly message: string } | null {
  if (sweepId === null || reason !== 'stopped') return null;
  if (isOutrun()) return { ending: 'stopped-early', message: 'Others were better after as many steps.' };
  return { ending: 'interrupted', message: 'The search was stopped; this run begins again when it is resumed.' };
}

async function beginning({ summary }: OpenModel, number: number, order: RunOrder): Promise<KeptRun> {
  const { name } = order.dataset.summary;
  return {
    id: `run-${number}`,
    name: `${name.replace(/\.\w+$/, '')} · #${number}`,
    begun: Date.now(),
    model: identityOf(summary),
    dataset: { id: await RunStore.datasetId(order.dataset.source), name },
    settings: order.settings,
    sweepId: order.sweepId,
    step: 0,
    baseline: null,
    validation: null,
    ending: null,
    message: '',
    adapter: null,
  };
}
