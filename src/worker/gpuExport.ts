/** "Continue on GPUs": an adapter, the current dataset and the settings, brought to the plain data that the zip is made of. */
import { continueOnGpus, type GpuMethod, type GpuRow } from '../adapters';
import type { TokenisedRow } from '../data';
import { fileName, filesOf } from './adapterFiles';
import { checkHyperparameters, checkMethod, checkRoom } from './checkSettings';
import type { PreparedDataset } from './preparedDataset';
import type { ExportedFile, MethodSettings, TuneSettings } from './protocol';
import type { StoredAdapter } from './storedAdapter';

/**
 * @param settings of the run that goes on; what they say of another method than the adapter's is left out
 * @throws DataError where it cannot train with them, or the rows do not fit behind the adapter
 */
export function exportForGpus(
  stored: StoredAdapter,
  dataset: PreparedDataset,
  settings: TuneSettings,
  contextLength: number,
): ExportedFile {
  checkHyperparameters(settings);
  if (settings.method.type === stored.adapter.method) checkMethod(settings.method);
  checkRoom(stored.adapter, contextLength, dataset.summary.longestTokens);
  const { method, memoryBudgetMiB: _, ...hyperparameters } = settings;
  const { labels } = dataset.summary;
  const name = `${fileName(stored.summary.name)}-gpus`;
  const bytes = continueOnGpus(
    {
      name: stored.summary.name,
      baseModel: stored.owner.name,
      adapter: filesOf(stored),
      train: dataset.train.map(rowOf),
      validation: dataset.heldOut.map(rowOf),
      labels: labels.map(({ label }) => ({ label, tokenIds: dataset.labelTargets.get(label) ?? [] })),
      hyperparameters: { ...hyperparameters, method: methodOf(stored, method) },
    },
    name,
  );
  return { name: `${name}.zip`, bytes };
}

const rowOf = ({ line, label, tokenIds, targetStart, example: { prompt, target } }: TokenisedRow): GpuRow => ({
  line,
  prompt,
  target,
  label,
  tokenIds,
  targetStart,
});

function methodOf({ adapter, owner }: StoredAdapter, settings: MethodSettings): GpuMethod {
  switch (adapter.method) {
    case 'prefix': {
      const { length } = adapter;
      const same = settings.type === 'prefix' && settings.length === length;
      return { type: 'prefix', length, frozenTokens: same ? settings.frozenTokens : 0 };
    }
    case 'prompt':
      return { type: 'prompt', length: adapter.length, promptScale: owner.geometry.promptScale };
    case 'lora': {
      const { rank, alpha } = adapter;
      return { type: 'lora', rank, alpha, dropout: settings.type === 'lora' ? settings.dropout : 0 };
    }
    default:
      return adapter satisfies never;
  }
}
