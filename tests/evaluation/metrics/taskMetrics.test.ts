/** What a task is measured by, from the rows of one subject or of two. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  confusionOf,
  metricDifferences,
  rightness,
  rubricOf,
  type ScoredRow,
  taskMetrics,
} from '../../../src/evaluation';

const row = (target: string, answer: string, more: Partial<ScoredRow> = {}): ScoredRow => ({
  target,
  answer,
  nats: 2,
  tokens: 4,
  calibrated: null,
  ...more,
});

const labels = ['good', 'bad', 'fair'];
const entities = '{"person": "Ann", "place": ["Oslo", "Rome"]}';

const classification = rubricOf('classification', labels, []);
const extraction = rubricOf('extraction', [], [entities]);
const generation = rubricOf('generation', [], []);
const persona = rubricOf('persona', [], []);

describe('the metrics of a task', () => {
  it('are, for classification, accuracy, macro F1, and accuracy after calibration', () => {
    const rows = [
      row('good', 'good', { calibrated: 'good' }),
      row('good', 'bad', { calibrated: 'good' }),
      row('bad', 'bad', { calibrated: 'bad' }),
      row('bad', 'bad', { calibrated: 'fair' }),
    ];
    const { accuracy, macro_f1, accuracy_calibrated, ...others } = taskMetrics(classification, rows, 0);
    expect(accuracy?.value).toBe(0.75);
    // good: 2·1/(2+1), bad: 2·2/(2+3), fair: never true and never said, so that it says nothing.
    expect(macro_f1?.value).toBeCloseTo((2 / 3 + 4 / 5) / 2, 12);
    expect(accuracy_calibrated?.value).toBe(0.75);
    expect(others).toEqual({});
    expect(confusionOf(rows, labels)).toEqual([
      [1, 1, 0],
      [0, 2, 0],
      [0, 0, 0],
    ]);
  });

  it('leave out the accuracy after calibration where a row could not be calibrated', () => {
    const rows = [row('good', 'good', { calibrated: 'good' }), row('bad', 'bad')];
    expect(Object.keys(taskMetrics(classification, rows, 0))).toEqual(['accuracy', 'macro_f1']);
  });

  it('are, for extraction, precision, recall and F1 of entities, and exact match', () => {
    const rows = [row(entities, '{"person": "Ann", "place": "Rome"}'), row('{"person": "Bo"}', '{"place": "Bo"}')];
    const { precision, recall, f1, exact_match } = taskMetrics(extraction, rows, 0);
    expect([precision?.value, recall?.value, f1?.value, exact_match?.value]).toEqual([2 / 3, 2 / 4, 4 / 7, 0]);
  });

  it('are, for generation, five that are perfect for perfect answers', () => {
    const target = 'The house has a red roof.';
    const metrics = taskMetrics(generation, [row(target, target), row(`${target} So`, `${target} So`)], 0);
    expect(metrics).toEqual({
      exact_match: { value: 1, low: 1, high: 1 },
      rouge_l: { value: 1, low: 1, high: 1 },
      chrf: { value: 100, low: 100, high: 100 },
      bleu: { value: expect.closeTo(100, 9), low: expect.closeTo(100, 9), high: expect.closeTo(100, 9) },
      perplexity: { value: Math.exp(0.5), low: Math.exp(0.5), high: Math.exp(0.5) },
    });
  });

  it('are, for a persona, perplexity per token and the share of words and pairs of words that are new', () => {
    const rows = [row('', 'I like tea', { nats: 3, tokens: 1 }), row('', 'I like fish', { nats: 1, tokens: 3 })];
    const { perplexity, distinct_1, distinct_2 } = taskMetrics(persona, rows, 0);
    expect(perplexity?.value).toBeCloseTo(Math.exp(4 / 4), 12);
    expect([distinct_1?.value, distinct_2?.value]).toEqual([4 / 6, 3 / 4]);
  });

  it('are none without rows', () => {
    for (const rubric of [classification, extraction, generation, persona]) {
      expect(taskMetrics(rubric, [], 0)).toEqual({});
      expect(metricDifferences(rubric, [], [], 0)).toEqual({});
    }
  });

  it('do not depend on the order of rows', () => {
    const anyRow = fc.record({
      target: fc.constantFrom('a b c d e', 'a b', 'e d c b a', 'b, c'),
      answer: fc.constantFrom('a b c d e', 'b c', 'a; b', ''),
      nats: fc.double({ min: 0, max: 9, noNaN: true }),
      tokens: fc.integer({ min: 1, max: 9 }),
      calibrated: fc.constant(null),
    });
    fc.assert(
      fc.property(
        fc.array(anyRow, { minLength: 1, maxLength: 12 }),
        fc.constantFrom(rubricOf('extraction', [], ['a; b']), generation, persona),
        (rows, rubric) => {
          const there = taskMetrics(rubric, rows, 1);
          const back = taskMetrics(rubric, rows.toReversed(), 1);
          for (const [name, { value }] of Object.entries(there)) {
            expect(back).toHaveProperty(`${name}.value`, expect.closeTo(value, 9));
          }
        },
      ),
      { numRuns: 10 },
    );
  });
});

describe('the differences between two subjects', () => {
  const untuned = ['x', 'b c', 'the house', 'a b'].map((answer) => row('a b c d e', answer));
  const tuned = ['a b', 'b c d', 'a b c d e', 'a b'].map((answer) => row('a b c d e', answer, { nats: 1 }));

  it('are those of the values, and none with itself', () => {
    const differences = metricDifferences(generation, untuned, tuned, 3);
    const before = taskMetrics(generation, untuned, 3);
    for (const [name, { value }] of Object.entries(taskMetrics(generation, tuned, 3))) {
      const other = Object.entries(before).find(([other]) => other === name)?.[1].value ?? Number.NaN;
      expect(differences).toHaveProperty(`${name}.value`, expect.closeTo(value - other, 12));
    }
    for (const difference of Object.values(metricDifferences(generation, tuned, tuned, 3))) {
      expect(difference).toEqual({ value: 0, low: 0, high: 0 });
    }
  });

  it('leave out what only one of them has', () => {
    const calibrated = [row('good', 'good', { calibrated: 'good' })];
    const plain = [row('good', 'bad')];
    expect(Object.keys(metricDifferences(classification, plain, calibrated, 0))).toEqual(['accuracy', 'macro_f1']);
  });

  it('are refused for different numbers of rows', () => {
    expect(() => metricDifferences(generation, untuned, tuned.slice(1), 0)).toThrow(/row by row/);
  });
});

describe('an answer is right', () => {
  it('with the label, and with the text up to spaces', () => {
    expect(rightness(classification, [row('good', 'good'), row('good', 'bad')])).toEqual([true, false]);
    expect(rightness(generation, [row('A  b\n', ' A b'), row('A b', 'a b')])).toEqual([true, false]);
  });

  it('with all entities in any order and no others', () => {
    const answers = [
      '{"place": ["Rome", "Oslo"], "person": "Ann"}',
      '{"person": "Ann", "place": ["Oslo"]}',
      '{"person": ["Ann", "Bo"], "place": ["Oslo", "Rome"]}',
      'Ann, Oslo, Rome',
    ];
    expect(
      rightness(
        extraction,
        answers.map((answer) => row(entities, answer)),
      ),
    ).toEqual([true, false, false, false]);
  });

  it('where there is no entity, if it says so or is the target, and not with talk of something else', () => {
    const none = (answer: string, target: string, written: string) =>
      rightness(rubricOf('extraction', [], [written]), [row(target, answer)])[0];
    for (const answer of ['none', '', ' - ', '{}', '[]', '{"person": []}'])
      expect(none(answer, '{}', entities)).toBe(true);
    for (const answer of ['{"person": "Ann"}', 'It was a dark night', '{"per']) {
      expect(none(answer, '{}', entities)).toBe(false);
    }
    expect(none('person: none; place: -', 'none', 'person: Ann')).toBe(true);
    expect(none('the man went home', 'none', 'person: Ann')).toBe(false);
    expect(none('O O O', 'O O O', 'B-PER O')).toBe(true);
    expect(none('nobody  here', 'nobody here', '<person>Ann</person> is here')).toBe(true);
    expect(none('and then', 'nobody here', '<person>Ann</person> is here')).toBe(false);
  });

  it('for a persona neither nor', () => {
    expect(rightness(persona, [row('a', 'a')])).toEqual([null]);
  });
});
