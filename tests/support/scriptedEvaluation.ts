/**
 * A test double of the engine's evaluation: made-up rows of any task, on which the model alone is right every second time,
 * few-shot examples help a little, and an adapter mends most rows and spoils every tenth. `pace` decides when it goes on.
 */
import { DataError } from '../../src/errors';
import type {
  EvaluatedRow,
  EvaluationEngine,
  EvaluationSubject,
  Interval,
  Metrics,
  RowOutcome,
  SerialisedError,
  SubjectScores,
  Task,
} from '../../src/worker/protocol';

export interface EvaluationScript {
  /** Awaited before every subject and every few rows. */
  readonly pace?: () => Promise<void>;
  /** `classification` when absent. */
  readonly evaluatedTask?: Task;
  /** Held-out rows there are, 40 when absent. */
  readonly evaluatedRows?: number;
  /** Why a subject cannot be measured; null: it can. */
  readonly failing?: (subject: EvaluationSubject) => SerialisedError | null;
  readonly notes?: readonly string[];
  /** Called before each method answers; throw to make it fail. */
  readonly beforeEvaluating?: (method: keyof EvaluationEngine, args: readonly unknown[]) => void;
}

const LABELS = ['good', 'bad', 'mixed'];
const NAMES = ['Ann', 'Bo', 'Cy', 'Dee'];

const around = (value: number, margin: number): Interval => ({ value, low: value - margin, high: value + margin });

/** Which of these rows a subject answers as the data does. */
function isRight({ type }: EvaluationSubject, row: number): boolean {
  switch (type) {
    case 'model':
      return row % 2 === 0;
    case 'few-shot':
      return row % 2 === 0 || row % 7 === 3;
    case 'adapter':
      return row % 10 !== 4;
  }
}

function promptOf(task: Task, row: number): string {
  if (task === 'classification') return `Review: Dish ${row} came ${row % 3 === 0 ? 'hot' : 'late'}.\nVerdict:`;
  if (task === 'extraction') return `Text: ${NAMES[row % 4]} met us in room ${row}.\nEntities:`;
  return task === 'persona' ? `You: How is day ${row}?\nKeeper:` : `Table: dish ${row} | price ${row + 3}\nSentence:`;
}

function targetOf(task: Task, row: number): string {
  if (task === 'classification') return LABELS[row % 3] ?? '';
  if (task === 'extraction') return `{"person": ["${NAMES[row % 4]}"], "room": ["${row}"]}`;
  return task === 'persona' ? `The lamp burns, day ${row}.` : `Dish ${row} costs ${row + 3}.`;
}

function outcomeOf(task: Task, subject: EvaluationSubject, row: number): RowOutcome {
  const right = isRight(subject, row);
  const answer = targetOf(task, right ? row : row + 1);
  const top = right ? 0.82 : 0.56;
  return {
    answer,
    right: task === 'persona' ? null : right,
    loss: (right ? 0.2 : 1.9) + (row % 9) / 10 + (subject.type === 'model' ? 0.3 : 0),
    probabilities:
      task === 'classification'
        ? LABELS.map((label) => (label === answer ? top : (1 - top) / (LABELS.length - 1)))
        : null,
  };
}

function metricsOf(task: Task, share: number): Metrics {
  const margin = 0.08;
  const perplexity = around(20 - 15 * share, 1.5);
  switch (task) {
    case 'classification':
      return {
        accuracy: around(share, margin),
        accuracy_calibrated: around(share + 0.02, margin),
        macro_f1: around(share - 0.03, margin),
      };
    case 'extraction':
      return {
        precision: around(share + 0.04, margin),
        recall: around(share - 0.05, margin),
        f1: around(share, margin),
        exact_match: around(share, margin),
      };
    case 'generation':
      return {
        exact_match: around(share, margin),
        rouge_l: around(share + 0.05, margin),
        chrf: around(60 * share + 20, 4),
        bleu: around(60 * share, 5),
        perplexity,
      };
    case 'persona':
      return { perplexity, distinct_1: around(0.41, 0.03), distinct_2: around(0.77, 0.03) };
  }
}

/** What the scores of one subject are more than those of another; of small differences, the interval holds 0. */
function differencesOf(metrics: Metrics, base: Metrics): Metrics {
  const entries = Object.entries(metrics).flatMap(([name, { value, high }]) => {
    const from = Object.entries(base).find(([other]) => other === name)?.[1].value;
    return from === undefined ? [] : [[name, around(value - from, 1.3 * (high - value))] as const];
  });
  return Object.fromEntries(entries);
}

function confusionOf(rows: readonly EvaluatedRow[], subject: number): number[][] {
  return LABELS.map((target) =>
    LABELS.map(
      (label) => rows.filter((row) => row.target === target && row.outcomes[subject]?.answer === label).length,
    ),
  );
}

export function createScriptedEvaluation(script: EvaluationScript = {}): EvaluationEngine {
  const { pace = () => Promise.resolve(), evaluatedTask: task = 'classification', beforeEvaluating } = script;
  let stopped = false;

  return {
    async evaluateSubjects(request, onEvent) {
      beforeEvaluating?.('evaluateSubjects', [request]);
      stopped = false;
      const total = Math.min(request.rows, script.evaluatedRows ?? 40);
      const finished: EvaluationSubject[] = [];
      for (const [index, subject] of request.subjects.entries()) {
        await pace();
        if (stopped) break;
        const problem = script.failing?.(subject) ?? null;
        if (problem !== null) {
          onEvent({ type: 'failed', subject: index, problem });
          continue;
        }
        for (let done = 0; done <= total && !stopped; done += 8) {
          onEvent({ type: 'progress', subject: index, done, total });
          await pace();
        }
        if (!stopped) finished.push(subject);
      }
      if (finished.length === 0) throw new DataError('Nothing was measured.');
      const rows = Array.from(
        { length: total },
        (_, row): EvaluatedRow => ({
          line: 3 * row + 2,
          prompt: promptOf(task, row),
          target: targetOf(task, row),
          outcomes: finished.map((subject) => outcomeOf(task, subject, row)),
        }),
      );
      const shares = finished.map((subject) => rows.filter((_, row) => isRight(subject, row)).length / total);
      const metrics = shares.map((share) => metricsOf(task, share));
      return {
        dataset: 'reviews.tsv',
        task,
        labels: task === 'classification' ? LABELS : [],
        subjects: finished.map((subject, index): SubjectScores => {
          const own = metrics[index] ?? {};
          return {
            subject,
            metrics: own,
            differences: index === 0 ? {} : differencesOf(own, metrics[0] ?? {}),
            confusion: task === 'classification' ? confusionOf(rows, index) : null,
            seconds: 0.5,
          };
        }),
        rows,
        notes: script.notes ?? [],
      };
    },
    async applyToFile(request, onEvent) {
      beforeEvaluating?.('applyToFile', [request]);
      stopped = false;
      const totalRows = script.evaluatedRows ?? 40;
      let rows = 0;
      for (; rows < totalRows && !stopped; rows += 8) {
        onEvent({ type: 'progress', rows, totalRows });
        await pace();
      }
      const bytes = new TextEncoder().encode('text,prediction\nFine.,good\nCold.,bad\n');
      const name = request.source.name.replace(/\.\w+$/, '');
      return {
        file: { name: `${name}-predictions.csv`, bytes },
        rows: Math.min(rows, totalRows) - 3,
        left: 3,
        stopped,
      };
    },
    async stopEvaluating() {
      beforeEvaluating?.('stopEvaluating', []);
      stopped = true;
    },
  };
}
