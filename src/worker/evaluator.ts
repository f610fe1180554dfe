/** Evaluation as the engine offers it: one at a time, on the loaded model, beside whatever else uses it. */
import { DataError } from '../errors';
import type { DeviceAdapter } from '../inference';
import { applyTo } from './applying';
import { evaluateAll } from './evaluateAll';
import type { OpenModel } from './openModel';
import type { PreparedDataset } from './preparedDataset';
import type {
  AppliedFile,
  ApplyEvent,
  ApplyRequest,
  EvaluationEngine,
  EvaluationEvent,
  EvaluationReport,
  EvaluationRequest,
} from './protocol';

export interface EvaluatorOptions {
  /** @throws DataError where there is none */
  readonly data: () => PreparedDataset;
  /** @throws PreludeError where the loaded model cannot use it, or rows do not fit behind it */
  readonly usable: (id: string, model: OpenModel, dataset?: PreparedDataset) => Promise<DeviceAdapter | null>;
  /** Keeps the loaded model, and the adapters on its device, until the work is done. */
  readonly whileRead: <T>(work: (model: OpenModel) => Promise<T>) => Promise<T>;
}

export class Evaluator implements EvaluationEngine {
  private current: AbortController | null = null;
  private ended: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: EvaluatorOptions) {}

  evaluateSubjects(request: EvaluationRequest, onEvent: (event: EvaluationEvent) => void): Promise<EvaluationReport> {
    const { data, usable, whileRead } = this.options;
    return this.alone((signal) =>
      whileRead((model) => {
        const dataset = data();
        const bring = (id: string) => usable(id, model, dataset);
        return evaluateAll(model, dataset, request, { bring, onEvent, signal });
      }),
    );
  }

  applyToFile(request: ApplyRequest, onEvent: (event: ApplyEvent) => void): Promise<AppliedFile> {
    const { data, usable, whileRead } = this.options;
    return this.alone((signal) =>
      whileRead(async (model) => {
        const { adapterId } = request;
        const adapter = adapterId === null ? null : await usable(adapterId, model);
        return applyTo(model, adapter, data(), request, { onEvent, signal });
      }),
    );
  }

  async stopEvaluating(): Promise<void> {
    this.current?.abort(new DataError('It was stopped before anything was done.'));
  }

  /** One that was stopped may still be ending; the next begins when it has. */
  private async alone<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.current && !this.current.signal.aborted) {
      throw new DataError('An evaluation is under way.', {}, 'Stop it first, or wait for its end.');
    }
    // Before anything is waited for, so that a stop that comes early counts.
    const controller = new AbortController();
    this.current = controller;
    const working = this.ended.then(() => work(controller.signal));
    this.ended = working.catch(() => {});
    try {
      return await working;
    } finally {
      if (this.current === controller) this.current = null;
    }
  }
}
