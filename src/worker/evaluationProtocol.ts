/**
 * The part of the protocol about evaluation: the model alone, with a few examples in its prompt, and with adapters, all on
 * the same held-out rows; and an adapter's answers for a whole file. Plain data.
 */
import type { DatasetSource, Task } from './dataProtocol';
import type { SerialisedError } from './errorsProtocol';

export type EvaluationSubject =
  | { readonly type: 'model' }
  /** The model alone, with this many training rows in front of each prompt. */
  | { readonly type: 'few-shot'; readonly examples: number }
  | { readonly type: 'adapter'; readonly id: string };

export interface EvaluationRequest {
  /** In the order in which they are measured and shown. */
  readonly subjects: readonly EvaluationSubject[];
  /** Held-out rows at most; drawn with the seed where there are more. */
  readonly rows: number;
  /** Tokens that are written per row, where the task writes. */
  readonly maxTokens: number;
  readonly seed: number;
}

/** Names of metrics as their papers and reference tools have them. */
export type MetricName =
  | 'accuracy'
  /** Label likelihoods divided by what the untuned model gives the labels without an input (Zhao et al. 2021). */
  | 'accuracy_calibrated'
  | 'macro_f1'
  /** Of entities, micro-averaged. */
  | 'precision'
  | 'recall'
  | 'f1'
  | 'exact_match'
  | 'rouge_l'
  | 'chrf'
  | 'bleu'
  /** Of the target, per token. */
  | 'perplexity'
  | 'distinct_1'
  | 'distinct_2';

/** A value with its bootstrap 95 % interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export type Metrics = Readonly<Partial<Record<MetricName, Interval>>>;

export interface SubjectScores {
  readonly subject: EvaluationSubject;
  readonly metrics: Metrics;
  /** This subject minus the first of the request, on the same rows (paired bootstrap); empty for the first. */
  readonly differences: Metrics;
  /** `[true label][predicted label]` in the order of the report's labels; null for other tasks. */
  readonly confusion: readonly (readonly number[])[] | null;
  readonly seconds: number;
}

/** What one subject does with one row. */
export interface RowOutcome {
  /** The label it finds likeliest, or what it writes. */
  readonly answer: string;
  /** Whether it is right: the label, all entities, or the target word for word; null for persona, where nothing is right or wrong. */
  readonly right: boolean | null;
  /** Mean loss on the target, nats per token. */
  readonly loss: number;
  /** Probability of each label, in the order of the report's; null for other tasks. */
  readonly probabilities: readonly number[] | null;
}

export interface EvaluatedRow {
  readonly file?: string;
  readonly line: number;
  /** What a person reads: the prompt without few-shot examples, and the answer in the data. */
  readonly prompt: string;
  readonly target: string;
  /** One per subject that is in the report, in its order. */
  readonly outcomes: readonly RowOutcome[];
}

export interface EvaluationReport {
  readonly dataset: string;
  readonly task: Task;
  readonly labels: readonly string[];
  /** Those that were finished, where it was stopped. */
  readonly subjects: readonly SubjectScores[];
  readonly rows: readonly EvaluatedRow[];
  /** What could not be measured, a sentence each: few-shot examples that do not fit, for instance. */
  readonly notes: readonly string[];
}

export type EvaluationEvent =
  | { readonly type: 'progress'; readonly subject: number; readonly done: number; readonly total: number }
  /** A subject that cannot be measured; the others are. */
  | { readonly type: 'failed'; readonly subject: number; readonly problem: SerialisedError };

export interface ApplyRequest {
  /** null: the model alone. */
  readonly adapterId: string | null;
  /** Read like the current dataset: the same columns as inputs, the same template. A target column is not needed. */
  readonly source: DatasetSource;
  readonly maxTokens: number;
}

export type ApplyEvent = { readonly type: 'progress'; readonly rows: number; readonly totalRows: number };

export interface AppliedFile {
  /** The file as it came, with the column `prediction` (and `probability` for labels); JSON Lines stays so, all else is CSV. */
  readonly file: { readonly name: string; readonly bytes: Uint8Array };
  /** Rows with a prediction. */
  readonly rows: number;
  /** Rows without one, since they have no input or do not fit; those that could not be read are not in the file at all. */
  readonly left: number;
  /** Whether it was stopped; rows after that have no prediction. */
  readonly stopped: boolean;
}

export interface EvaluationEngine {
  /** On the current dataset's held-out rows. @throws DataError without a dataset, or where nothing could be measured */
  evaluateSubjects(request: EvaluationRequest, onEvent: (event: EvaluationEvent) => void): Promise<EvaluationReport>;
  applyToFile(request: ApplyRequest, onEvent: (event: ApplyEvent) => void): Promise<AppliedFile>;
  /** Ends either after the rows under way; what was done by then comes as its result. */
  stopEvaluating(): Promise<void>;
}
