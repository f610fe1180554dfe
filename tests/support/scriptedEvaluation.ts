/** A test double of the engine's evaluation: two rows with two labels, of which tuning mends one and spoils none. */
import type { EvaluationEngine, Interval, RowOutcome, SubjectScores } from '../../src/worker/protocol';

export interface EvaluationScript {
  /** Awaited before every subject and every row. */
  readonly pace?: () => Promise<void>;
}

const around = (value: number): Interval => ({ value, low: value - 0.1, high: value + 0.1 });

const outcome = (answer: string, target: string, loss: number): RowOutcome => ({
  answer,
  right: answer === target,
  loss,
  probabilities: answer === 'good' ? [0.8, 0.2] : [0.3, 0.7],
});

export function createScriptedEvaluation({ pace = () => Promise.resolve() }: EvaluationScript = {}): EvaluationEngine {
  let stopped = false;
  return {
    async evaluateSubjects({ subjects }, onEvent) {
      stopped = false;
      const scores: SubjectScores[] = [];
      for (const [index, subject] of subjects.entries()) {
        await pace();
        if (stopped) break;
        onEvent({ type: 'progress', subject: index, done: 2, total: 2 });
        const accuracy = subject.type === 'adapter' ? 1 : 0.5;
        scores.push({
          subject,
          metrics: { accuracy: around(accuracy), macro_f1: around(accuracy) },
          differences: index === 0 ? {} : { accuracy: around(accuracy - 0.5) },
          confusion: [
            [1, 0],
            [subject.type === 'adapter' ? 0 : 1, subject.type === 'adapter' ? 1 : 0],
          ],
          seconds: 0.5,
        });
      }
      const answers = scores.map(({ subject }) => (subject.type === 'adapter' ? 'bad' : 'good'));
      return {
        dataset: 'reviews.tsv',
        task: 'classification',
        labels: ['good', 'bad'],
        subjects: scores,
        rows: [
          {
            line: 3,
            prompt: 'Review: Fine.\nVerdict:',
            target: 'good',
            outcomes: scores.map(() => outcome('good', 'good', 0.4)),
          },
          {
            line: 8,
            prompt: 'Review: Cold.\nVerdict:',
            target: 'bad',
            outcomes: answers.map((one) => outcome(one, 'bad', one === 'bad' ? 0.2 : 2.1)),
          },
        ],
        notes: [],
      };
    },
    async applyToFile({ source }, onEvent) {
      stopped = false;
      await pace();
      onEvent({ type: 'progress', rows: 2, totalRows: 2 });
      const bytes = new TextEncoder().encode('text,prediction\nFine.,good\nCold.,bad\n');
      return { file: { name: `predictions-${source.name}`, bytes }, rows: 2, left: 0, stopped };
    },
    async stopEvaluating() {
      stopped = true;
    },
  };
}
