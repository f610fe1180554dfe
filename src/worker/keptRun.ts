/** A run that is kept: its record begins before the first step, and ends with how it ended, whatever that is. */
import { serialiseError } from './errors';
import { identityOf, keepAdapter } from './keptAdapters';
import type { OpenModel } from './openModel';
import type { PreparedDataset } from './preparedDataset';
import type { TuneEvent, TuneSettings } from './protocol';
import type { KeptRun } from './runsProtocol';
import { RunKeeper, RunStore } from './store';
import type { TuneOutcome } from './tuneRun';

export interface RunOrder {
  readonly settings: TuneSettings;
  readonly dataset: PreparedDataset;
  readonly sweepId: string | null;
  readonly onEvent: (event: TuneEvent) => void;
  /** Whether it was others that stopped it; then nobody wants its adapter. */
  readonly isOutrun: () => boolean;
}

export interface EndedRun {
  readonly kept: KeptRun;
  readonly done: Extract<TuneEvent, { type: 'done' }>;
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
    const done = { type: 'done', ...outcome, adapter: adapter.summary } as const;
    if (order.isOutrun()) {
      return { done, kept: await keeper.end('stopped-early', 'Others were better after as many steps.', null) };
    }
    await keepAdapter(store, adapter, run.model, run.id).catch(onProblem);
    const { id, parameters, bytes } = adapter.summary;
    return { done, kept: await keeper.end(outcome.reason, outcome.message, { id, parameters, bytes }) };
  } catch (error) {
    await keeper.end('failed', serialiseError(error).message, null);
    throw error;
  }
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
