/**
 * What a visit does to find out what tuning is worth: it measures those that were chosen on held-out rows, and has a file
 * answered. Each does nothing where something stands in its way.
 */
import type { ExportedFile } from '../worker';
import type { Adapters } from './adapters';
import { keptAdapters } from './adapters';
import type { Applying } from './applying';
import { appliedWith } from './applying';
import type { Compare } from './compare';
import type { Dataset } from './dataset';
import { usableDataset } from './dataset';
import type { Evaluation, Measured } from './evaluation';
import { reportFile } from './evaluationFile';
import type { Exporting } from './exporting';
import { groundOf } from './ground';
import type { Model } from './model';
import { summaryOf } from './model';
import { namedSubjects } from './subjects';
import { whyNotApply, whyNotMeasure } from './whyNot';

export interface Proof {
  /** Measures the chosen subjects on held-out rows of the dataset. */
  measure(): void;
  /** Saves the rows of a report. */
  saveReport(measured: Measured): Promise<void>;
  /** Answers a file, and saves it. */
  applyTo(files: readonly File[]): void;
}

interface Stores {
  readonly model: Model;
  readonly dataset: Dataset;
  readonly compare: Compare;
  readonly adapters: Adapters;
  readonly evaluation: Evaluation;
  readonly exporting: Exporting;
  readonly applying: Applying;
}

export function createProof(stores: Stores, save: (file: ExportedFile) => void): Proof {
  const { model, dataset, compare, adapters, evaluation, exporting, applying } = stores;
  const kept = () => keptAdapters(adapters.store.getState());
  return {
    measure() {
      const current = usableDataset(dataset.store.getState());
      const summary = summaryOf(model.store.getState());
      if (whyNotMeasure(stores) !== null || current === null || summary === null) return;
      const { form } = evaluation.store.getState();
      void evaluation.measure({
        subjects: namedSubjects(form, compare.store.getState().columns, kept()),
        rows: Math.min(form.rows, current.summary.validationRows),
        maxTokens: form.maxTokens,
        ground: groundOf(summary, current),
      });
    },
    saveReport: async (measured) => save(await reportFile(measured)),
    applyTo(files) {
      if (whyNotApply(stores) !== null) return;
      const { adapterId } = exporting.store.getState();
      void applying.apply(
        appliedWith(applying.store.getState().choice, adapterId, kept()),
        files.map((file) => ({ path: file.name, blob: file })),
      );
    },
  };
}
