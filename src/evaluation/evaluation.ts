/**
 * The same rows asked of one subject after the other: the model alone, with examples in its prompts, with adapters.
 *
 * A label is chosen by the loss of training and validation: log likelihoods of its tokens, the end token at its small
 * weight. So the accuracy is the validation's, and of two labels of which one begins with the other, the end token tells
 * which is meant. Probabilities are the softmax of that over the labels.
 */
import type { TokenisedRow } from '../data';
import { DataError } from '../errors';
import { BatchSize, type DeviceAdapter, score } from '../inference';
import type { EvaluationSubject } from '../worker/evaluationProtocol';
import { type Asked, askedOf, chooseShots, fitShots, promptWithShots, untilOf } from './fewShot';
import { type Measurement, measureRows } from './measureRows';
import { logPrior } from './metrics/calibration';
import type { Rubric } from './metrics/taskMetrics';
import {
  type EvaluatedModel,
  type LabelChoices,
  longestChoice,
  type Question,
  questionOf,
  sequencesOf,
} from './question';
import { type SubjectResult, subjectResult } from './subjectResult';

export interface EvaluationData {
  readonly rubric: Rubric;
  /** Set where the task is to choose one. */
  readonly labels: LabelChoices | null;
  /** What few-shot examples are taken from. */
  readonly train: readonly TokenisedRow[];
  /** What is measured; none of them in `train`. */
  readonly rows: readonly TokenisedRow[];
  /** The prompt of a row whose inputs say nothing; null where prompts have no input. */
  readonly contentFree: Asked | null;
}

export interface EvaluationOptions {
  /** Tokens of an answer, where the task writes. */
  readonly maxTokens: number;
  readonly seed: number;
  readonly isStopped: () => boolean;
}

/** What stands in for every input where the labels' prior is measured (Zhao et al. 2021). */
export const CONTENT_FREE = 'N/A';

export class Evaluation {
  /** What could not be done as asked, a sentence each. */
  readonly notes: string[] = [];
  private readonly questions: readonly Question[];
  /** Of the labels, by the model alone; null where there is none. */
  private prior: Promise<readonly number[] | null> | null = null;

  constructor(
    private readonly model: EvaluatedModel,
    private readonly data: EvaluationData,
    private readonly options: EvaluationOptions,
  ) {
    this.questions = data.rows.map((row) => questionOf(row, data.labels));
  }

  /** @returns null if it was stopped first. @throws DataError where few-shot examples do not fit */
  async measure(
    subject: EvaluationSubject,
    adapter: DeviceAdapter | null,
    onRows: (done: number) => void,
  ): Promise<SubjectResult | null> {
    const { tokenizer } = this.model;
    const { contentFree } = this.data;
    if (subject.type === 'few-shot') {
      const { shots, prompts } = this.shots(subject.examples);
      const questions = this.data.rows.map((row, i) => questionOf(row, this.data.labels, prompts[i]));
      const measured = await this.ask(questions, null, untilOf(shots), onRows);
      const asked = contentFree && promptWithShots(contentFree, shots, tokenizer);
      return measured && this.resultOf(measured, await this.priorWith(asked));
    }
    const measured = await this.ask(this.questions, adapter, null, onRows);
    this.prior ??= this.priorWith(contentFree && tokenizer.encode(contentFree.prompt));
    return measured && this.resultOf(measured, await this.prior);
  }

  private ask(
    questions: readonly Question[],
    adapter: DeviceAdapter | null,
    until: string | null,
    onRows: (done: number) => void,
  ): Promise<Measurement[] | null> {
    const { maxTokens, isStopped } = this.options;
    const writing = this.data.labels ? null : { maxTokens, until };
    return measureRows(this.model, adapter, questions, { writing, isStopped, onRows });
  }

  private resultOf(measured: readonly Measurement[], prior: readonly number[] | null): SubjectResult {
    const { rubric, rows, labels } = this.data;
    return subjectResult(rubric, rows, measured, labels && { labels: labels.labels, prior });
  }

  private async priorWith(prompt: readonly number[] | null): Promise<readonly number[] | null> {
    const { labels } = this.data;
    // Before its very first token a model says nothing.
    if (!labels || !prompt || prompt.length === 0) return null;
    const { loaded, kernels } = this.model;
    const choices = labels.labels.map((label) => labels.targets.get(label) ?? []);
    const sequences = sequencesOf({ prompt, choices, own: 0 });
    const scores = await new BatchSize(loaded).within((rows) => score(loaded, kernels, null, sequences, rows));
    return logPrior([scores.map(({ weightedLoss }) => -weightedLoss)]);
  }

  private shots(wanted: number) {
    const { train, rows, labels } = this.data;
    const { tokenizer, config } = this.model;
    if (!(Number.isInteger(wanted) && wanted > 0)) {
      throw new DataError(`${wanted} examples cannot stand in a prompt.`, { field: 'examples' }, 'Take one or more.');
    }
    const chosen = chooseShots(train, wanted, this.options.seed);
    if (chosen.length === 0) {
      throw new DataError('There is no training row to show as an example.', {}, 'Hold out fewer rows.');
    }
    const asked = rows.map((row) => askedOf(row, tokenizer));
    const written = labels ? 0 : this.options.maxTokens;
    const room = this.questions.map((question) => config.contextLength - Math.max(written, longestChoice(question)));
    const fitting = fitShots(asked, chosen, tokenizer, (prompt, row) => prompt.length <= (room[row] ?? 0));
    const { length } = fitting.shots;
    if (length < chosen.length) {
      this.notes.push(
        `The model saw ${length} of the ${wanted} examples asked for: more do not fit the ${config.contextLength} tokens it can read, with the longest row and its answer.`,
      );
    } else if (length < wanted) {
      this.notes.push(`The model saw ${length} of the ${wanted} examples asked for: there are no more training rows.`);
    }
    return fitting;
  }
}
