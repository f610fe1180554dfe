/**
 * The metrics of a task from the rows of one subject (the model alone, with examples in its prompt, with an adapter), each
 * with its bootstrap 95 % interval; their differences between two subjects; and which rows are right.
 *
 * Accuracy, F1, precision, recall, exact match, ROUGE-L and distinct-n are 0..1, chrF and BLEU 0..100, perplexity from 1 up.
 */
import type { Task } from '../../worker/dataProtocol';
import type { MetricName, Metrics } from '../../worker/evaluationProtocol';
import { bleu } from './bleu';
import { bootstrap } from './bootstrap';
import { chrf } from './chrf';
import { accuracy, macroF1 } from './classification';
import { distinct } from './distinct';
import { countEntities, type EntityCounts, entityMeasures } from './entities/entity';
import { type Notation, notationOf, readEntities, saysNone } from './entities/notation';
import { exactMatch, isExactMatch } from './exactMatch';
import { difference, type Measure } from './measure';
import { perplexity } from './perplexity';
import { meanRougeL } from './rouge';

export interface ScoredRow {
  /** What the data says, and what the subject answers (the likeliest label's name for classification). */
  readonly target: string;
  readonly answer: string;
  /** −Σ log p of the target, and its tokens. */
  readonly nats: number;
  readonly tokens: number;
  /** Classification: the answer after calibration; null otherwise, and where it could not be calibrated. */
  readonly calibrated: string | null;
}

/** What the whole dataset says of how its rows are judged: those that are measured may be too few to show it. */
export type Rubric =
  | { readonly task: 'classification'; readonly labels: readonly string[] }
  | { readonly task: 'extraction'; readonly notation: Notation }
  | { readonly task: 'generation' }
  | { readonly task: 'persona' };

/** @param targets of the dataset, those that train too */
export function rubricOf(task: Task, labels: readonly string[], targets: readonly string[]): Rubric {
  switch (task) {
    case 'classification':
      return { task, labels };
    case 'extraction':
      return { task, notation: notationOf(targets) };
    default:
      return { task };
  }
}

/** @returns no metric where there is no row */
export function taskMetrics(rubric: Rubric, rows: readonly ScoredRow[], seed: number): Metrics {
  return bootstrap(measuresOf(rubric, rows), rows.length, seed);
}

/**
 * `rows` minus `baseline`, the same rows in the same order (paired bootstrap). Metrics that only one of them has are left out.
 */
export function metricDifferences(
  rubric: Rubric,
  baseline: readonly ScoredRow[],
  rows: readonly ScoredRow[],
  seed: number,
): Metrics {
  if (baseline.length !== rows.length) {
    throw new RangeError(`${rows.length} rows cannot be compared to ${baseline.length} row by row`);
  }
  const before = measuresOf(rubric, baseline);
  const differences = new Map<MetricName, Measure>();
  for (const [name, measure] of measuresOf(rubric, rows)) {
    const other = before.get(name);
    if (other !== undefined) differences.set(name, difference(measure, other));
  }
  return bootstrap(differences, rows.length, seed);
}

/**
 * Whether each answer is right: the label, all entities and no others, or the target word for word; null for a persona, where
 * nothing is right or wrong. Where a target has no entities, an answer has to say so, or be that target: a model that talks
 * of something else names no entity either, and did not understand what it was asked.
 */
export function rightness(rubric: Rubric, rows: readonly ScoredRow[]): (boolean | null)[] {
  switch (rubric.task) {
    case 'classification':
      return rows.map(({ target, answer }) => target === answer);
    case 'extraction':
      return rows.map((row) => areAllFound(row, rubric.notation));
    case 'generation':
      return rows.map(({ target, answer }) => isExactMatch(answer, target));
    case 'persona':
      return rows.map(() => null);
  }
}

function measuresOf(rubric: Rubric, rows: readonly ScoredRow[]): Map<MetricName, Measure> {
  if (rows.length === 0) return new Map();
  const answers = rows.map(({ answer }) => answer);
  const targets = rows.map(({ target }) => target);
  switch (rubric.task) {
    case 'classification': {
      const measures = new Map<MetricName, Measure>([
        ['accuracy', accuracy(rows)],
        ['macro_f1', macroF1(rows, rubric.labels)],
      ]);
      const calibrated = rows.flatMap(({ target, calibrated: answer }) =>
        answer === null ? [] : [{ target, answer }],
      );
      if (calibrated.length === rows.length) measures.set('accuracy_calibrated', accuracy(calibrated));
      return measures;
    }
    case 'extraction': {
      const { precision, recall, f1 } = entityMeasures(rows.map((row) => entityCounts(row, rubric.notation)));
      return new Map<MetricName, Measure>([
        ['precision', precision],
        ['recall', recall],
        ['f1', f1],
        ['exact_match', exactMatch(answers, targets)],
      ]);
    }
    case 'generation':
      return new Map<MetricName, Measure>([
        ['exact_match', exactMatch(answers, targets)],
        ['rouge_l', meanRougeL(answers, targets)],
        ['chrf', chrf(answers, targets)],
        ['bleu', bleu(answers, targets)],
        ['perplexity', perplexity(rows)],
      ]);
    case 'persona':
      return new Map<MetricName, Measure>([
        ['perplexity', perplexity(rows)],
        ['distinct_1', distinct(answers, 1)],
        ['distinct_2', distinct(answers, 2)],
      ]);
  }
}

function entityCounts({ answer, target }: ScoredRow, notation: Notation): EntityCounts {
  return countEntities(readEntities(answer, notation), readEntities(target, notation));
}

function areAllFound(row: ScoredRow, notation: Notation): boolean {
  const { found, written, inTarget } = entityCounts(row, notation);
  const isSaid = inTarget > 0 || isExactMatch(row.answer, row.target) || saysNone(row.answer, notation);
  return found === written && found === inTarget && isSaid;
}
