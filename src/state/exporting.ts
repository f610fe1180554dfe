/**
 * What will be in the exported file, before it is exported; and the export itself. Handing the bytes to the browser's
 * downloads is the page's part (`save`).
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type { AdapterFileSummary, Engine, ExportedFile, SerialisedError, TuneSettings } from '../worker';
import { toProblem } from './problem';
import { latestOnly } from './schedule';

export interface ExportState {
  readonly adapterId: string | null;
  readonly description: AdapterFileSummary | null;
  readonly writing: 'zip' | 'safetensors' | 'gpus' | null;
  /** Name of the last file handed to the browser. */
  readonly saved: string | null;
  /** Adapters that were handed over, in any format. */
  readonly savedIds: readonly string[];
  readonly problem: SerialisedError | null;
}

export interface Exporting {
  readonly store: StoreApi<ExportState>;
  selectAdapter(id: string | null): void;
  write(format: 'zip' | 'safetensors'): Promise<void>;
  /** Everything to go on with elsewhere: the adapter, the present dataset, these settings, a script. */
  writeForGpus(settings: TuneSettings): Promise<void>;
}

export function createExporting(engine: Engine, save: (file: ExportedFile) => void): Exporting {
  const store = createStore<ExportState>(() => ({
    adapterId: null,
    description: null,
    writing: null,
    saved: null,
    savedIds: [],
    problem: null,
  }));
  const describe = latestOnly<string>(async (id, isNewest) => {
    try {
      const description = await engine.describeExport(id);
      if (isNewest() && store.getState().adapterId === id) store.setState({ description });
    } catch (thrown) {
      if (isNewest()) store.setState({ problem: toProblem(thrown) });
    }
  });
  const handOver = async (
    writing: NonNullable<ExportState['writing']>,
    make: (adapterId: string) => Promise<ExportedFile>,
  ) => {
    const { adapterId, writing: before } = store.getState();
    if (adapterId === null || before !== null) return;
    store.setState({ writing, problem: null });
    try {
      const file = await make(adapterId);
      save(file);
      store.setState(({ savedIds }) => ({ saved: file.name, savedIds: [...savedIds, adapterId] }));
    } catch (thrown) {
      store.setState({ problem: toProblem(thrown) });
    } finally {
      store.setState({ writing: null });
    }
  };
  return {
    store,
    selectAdapter: (adapterId) => {
      if (adapterId === store.getState().adapterId) return;
      store.setState({ adapterId, description: null, problem: null, saved: null });
      if (adapterId !== null) describe(adapterId);
    },
    write: (format) => handOver(format, (adapterId) => engine.exportAdapter(adapterId, format)),
    writeForGpus: (settings) => handOver('gpus', (adapterId) => engine.exportForGpus(adapterId, settings)),
  };
}

/** The lines that use the file from Python. `base` is where the same model's PyTorch weights are. */
export function peftLines(base: string, folder: string): string {
  return `from transformers import AutoModelForCausalLM, AutoTokenizer
from peft import PeftModel

base = "${base}"  # the same model, as PyTorch weights
tokenizer = AutoTokenizer.from_pretrained(base)
model = AutoModelForCausalLM.from_pretrained(base)
# the unzipped folder
model = PeftModel.from_pretrained(model, "${folder}")`;
}
