/** One evaluation from request to report: its subjects in their order, on the same held-out rows. */

import { DataError, PreludeError } from '../errors';
import {
  confusionOf,
  drawRows,
  Evaluation,
  expectedOf,
  metricDifferences,
  rubricOf,
  type SubjectResult,
  taskMetrics,
} from '../evaluation';
import type { DeviceAdapter } from '../inference';
import { nextTask } from '../tuning';
import { checkCount } from './checkSettings';
import { serialiseError } from './errors';
import { labelChoicesOf } from './labelChoices';
import type { OpenModel } from './openModel';
import type { PreparedDataset } from './preparedDataset';
import type {
  EvaluationEvent,
  EvaluationReport,
  EvaluationRequest,
  EvaluationSubject,
  SubjectScores,
} from './protocol';
import { contentFreePrompt } from './rowPrompts';
import { sparingly } from './sparingly';

export interface EvaluationWatch {
  /** Brings an adapter to the device. */
  readonly bring: (adapterId: string) => Promise<DeviceAdapter | null>;
  readonly onEvent: (event: EvaluationEvent) => void;
  /** Ends it after the rows under way. */
  readonly signal: AbortSignal;
}

interface Finished {
  readonly subject: EvaluationSubject;
  readonly result: SubjectResult;
  readonly seconds: number;
}

/** @throws DataError where no subject could be measured */
export async function evaluateAll(
  model: OpenModel,
  dataset: PreparedDataset,
  request: EvaluationRequest,
  watch: EvaluationWatch,
): Promise<EvaluationReport> {
  checkRequest(request);
  if (model.original && model.untrainable) throw model.untrainable;
  const { maxTokens, seed } = request;
  const { task } = dataset.summary.mapping;
  const choices = labelChoicesOf(dataset);
  const labels = choices?.labels ?? [];
  const rows = drawRows(dataset.heldOut, request.rows, seed);
  if (rows.length === 0) throw new DataError('No row is held out.', {}, 'Hold out a part of the rows.');
  const { train, heldOut } = dataset;
  const rubric = rubricOf(task, labels, [...train, ...heldOut].map(expectedOf));
  const evaluation = new Evaluation(
    model,
    { rubric, labels: choices, train, rows, contentFree: contentFreePrompt(dataset, model.tokenizer) },
    { maxTokens, seed, isStopped: () => watch.signal.aborted },
  );
  const finished = await measureEach(evaluation, rows.length, request.subjects, watch);
  const subjects: SubjectScores[] = [];
  for (const { subject, result, seconds } of finished) {
    await nextTask();
    const first = finished[0] as Finished;
    subjects.push({
      subject,
      metrics: taskMetrics(rubric, result.scored, seed),
      differences: subjects.length === 0 ? {} : metricDifferences(rubric, first.result.scored, result.scored, seed),
      confusion: choices && confusionOf(result.scored, labels),
      seconds,
    });
  }
  return {
    dataset: dataset.summary.name,
    task,
    labels,
    subjects,
    rows: rows.map((row, i) => ({
      ...(row.example.file !== undefined && { file: row.example.file }),
      line: row.line,
      prompt: row.example.prompt,
      target: expectedOf(row),
      outcomes: finished.flatMap(({ result }) => result.outcomes[i] ?? []),
    })),
    notes: evaluation.notes,
  };
}

async function measureEach(
  evaluation: Evaluation,
  total: number,
  subjects: readonly EvaluationSubject[],
  { bring, onEvent, signal }: EvaluationWatch,
): Promise<Finished[]> {
  const finished: Finished[] = [];
  let failure: unknown = null;
  for (const [index, subject] of subjects.entries()) {
    const onRows = sparingly(total, (done) => onEvent({ type: 'progress', subject: index, done, total }));
    const start = performance.now();
    try {
      if (signal.aborted) break;
      onRows(0);
      const adapter = subject.type === 'adapter' ? await bring(subject.id) : null;
      const result = await evaluation.measure(subject, adapter, onRows);
      if (result) finished.push({ subject, result, seconds: (performance.now() - start) / 1000 });
    } catch (error) {
      failure ??= error;
      onEvent({ type: 'failed', subject: index, problem: serialiseError(error) });
    }
  }
  if (finished.length > 0) return finished;
  if (signal.aborted || failure === null) throw new DataError('It was stopped before anything was measured.');
  const { message } = serialiseError(failure);
  const hint = failure instanceof PreludeError ? failure.hint : undefined;
  throw new DataError(`Nothing could be measured: ${message}`, {}, hint, { cause: failure });
}

function checkRequest({ subjects, rows, maxTokens }: EvaluationRequest): void {
  if (subjects.length === 0) {
    throw new DataError('There is nothing to evaluate.', {}, 'Choose the model or an adapter.');
  }
  checkCount('rows', rows);
  checkCount('maxTokens', maxTokens);
}
