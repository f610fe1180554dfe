/** Subjects measured on held-out rows, and files with predictions, on the bundled model. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDataset } from '../../src/data';
import type { PreludeEngine } from '../../src/worker/engine';
import type { ApplyEvent, EvaluationEvent, EvaluationReport, EvaluationRequest } from '../../src/worker/protocol';
import { bundledSource, type NodeEngine, nodeEngine, quickRun, reviews } from '../support/nodeEngine';
import { ignore, textSource } from '../support/source';

/** With two labels each one batch of scores, so that everything here runs on a few shapes. */
const HELD_OUT = 8;

let at: NodeEngine;
let engine: PreludeEngine;
let adapterId: string;
beforeAll(async () => {
  at = nodeEngine();
  engine = at.engine;
  await engine.loadModel(bundledSource, 'wasm', ignore);
  await engine.setDataset(textSource('reviews.csv', reviews), { validationFraction: HELD_OUT / 48, seed: 1 }, ignore);
  adapterId = (await engine.tune({ ...quickRun, steps: 2 }, ignore)).adapter.id;
}, 60_000);
afterAll(() => engine.unloadModel());

const request = (change: Partial<EvaluationRequest> = {}): EvaluationRequest => ({
  subjects: [{ type: 'model' }],
  rows: HELD_OUT,
  maxTokens: 4,
  seed: 1,
  ...change,
});

const textOf = (bytes: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);

describe('an evaluation', () => {
  const events: EvaluationEvent[] = [];
  let report: EvaluationReport;
  beforeAll(async () => {
    const subjects = [
      { type: 'model' },
      { type: 'few-shot', examples: 2 },
      { type: 'adapter', id: adapterId },
    ] as const;
    report = await engine.evaluateSubjects(request({ subjects }), (event) => events.push(event));
  }, 60_000);

  it('is plain data about every subject and every held-out row', () => {
    expect(structuredClone(report)).toEqual(report);
    expect(report).toMatchObject({ dataset: 'reviews.csv', task: 'classification', notes: [] });
    expect(report.labels.toSorted()).toEqual(['bad', 'good']);
    expect(report.subjects.map(({ subject }) => subject.type)).toEqual(['model', 'few-shot', 'adapter']);
    const lines = report.rows.map(({ line }) => line);
    expect(lines).toEqual(lines.toSorted((a, b) => a - b));
    expect(lines).toHaveLength(HELD_OUT);
    for (const { prompt, target, outcomes } of report.rows) {
      expect(prompt).toMatch(/^Text: The .*\nLabel:$/);
      expect(outcomes).toHaveLength(3);
      for (const { answer, right, loss, probabilities } of outcomes) {
        expect(right).toBe(answer === target);
        expect(loss).toBeGreaterThan(0);
        expect(probabilities?.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
        expect(report.labels[probabilities?.indexOf(Math.max(...probabilities)) ?? -1]).toBe(answer);
      }
    }
  });

  it('has the accuracy and the loss that a validation has', async () => {
    for (const [index, id] of [
      [0, null],
      [2, adapterId],
    ] as const) {
      const { accuracy, loss } = await engine.evaluate(id);
      expect(report.subjects[index]?.metrics.accuracy?.value).toBe(accuracy);
      const losses = report.rows.map(({ outcomes }) => outcomes[index]?.loss ?? Number.NaN);
      expect(losses.reduce((sum, one) => sum + one, 0) / losses.length).toBeCloseTo(loss, 5);
    }
  });

  it('compares to the first subject on the same rows, and counts what was taken for what', () => {
    const [model, , adapter] = report.subjects;
    expect(model?.differences).toEqual({});
    const difference = (adapter?.metrics.accuracy?.value ?? 0) - (model?.metrics.accuracy?.value ?? 0);
    expect(adapter?.differences.accuracy?.value).toBeCloseTo(difference, 12);
    for (const { confusion, metrics } of report.subjects) {
      expect(confusion?.flat().reduce((sum, count) => sum + count, 0)).toBe(report.rows.length);
      expect(metrics.accuracy_calibrated).toBeDefined();
      expect(metrics.macro_f1).toBeDefined();
    }
  });

  it('shows examples to the model: it reads another text then', () => {
    const losses = (index: number) => report.rows.map(({ outcomes }) => outcomes[index]?.loss);
    expect(losses(1)).not.toEqual(losses(0));
  });

  it('tells of its progress from the first row of each subject to the last', () => {
    for (const subject of [0, 1, 2]) {
      const done = events.flatMap((event) =>
        event.type === 'progress' && event.subject === subject ? event.done : [],
      );
      expect(done[0]).toBe(0);
      expect(done.at(-1)).toBe(report.rows.length);
      expect(done).toEqual(done.toSorted((a, b) => a - b));
    }
    expect(events.every(({ type }) => type === 'progress')).toBe(true);
  });

  it('goes on without a subject that cannot be measured, and says why', async () => {
    const failed: EvaluationEvent[] = [];
    const subjects = [{ type: 'adapter', id: 'gone' }, { type: 'few-shot', examples: 0 }, { type: 'model' }] as const;
    const { subjects: measured, rows } = await engine.evaluateSubjects(request({ subjects, rows: 7 }), (event) => {
      if (event.type === 'failed') failed.push(event);
    });
    expect(measured.map(({ subject }) => subject.type)).toEqual(['model']);
    expect(measured[0]?.differences).toEqual({});
    expect(rows).toHaveLength(7);
    expect(failed).toMatchObject([
      { subject: 0, problem: { kind: 'adapter', message: 'This adapter no longer exists.' } },
      { subject: 1, problem: { kind: 'data', message: '0 examples cannot stand in a prompt.' } },
    ]);
  });

  it('that measured nothing is an error that says why', async () => {
    const subjects = [{ type: 'adapter', id: 'gone' }] as const;
    await expect(engine.evaluateSubjects(request({ subjects }), ignore)).rejects.toThrow(
      'Nothing could be measured: This adapter no longer exists.',
    );
    await expect(engine.evaluateSubjects(request({ subjects: [] }), ignore)).rejects.toThrow('nothing to evaluate');
    await expect(engine.evaluateSubjects(request({ rows: 0 }), ignore)).rejects.toThrow('rows is 0');
  });

  it('that is stopped keeps the subjects that were finished', async () => {
    const subjects = [{ type: 'model' }, { type: 'adapter', id: adapterId }] as const;
    const stopped = await engine.evaluateSubjects(request({ subjects }), (event) => {
      if (event.type === 'progress' && event.subject === 1) void engine.stopEvaluating();
    });
    expect(stopped.subjects.map(({ subject }) => subject.type)).toEqual(['model']);
    expect(stopped.rows.every(({ outcomes }) => outcomes.length === 1)).toBe(true);
    const early = engine.evaluateSubjects(request(), ignore);
    void engine.stopEvaluating();
    await expect(early).rejects.toThrow('stopped before anything was measured');
  });

  it('is one at a time; the next may begin where the last was stopped', async () => {
    const first = engine.evaluateSubjects(request(), ignore).catch(() => {});
    await expect(engine.evaluateSubjects(request(), ignore)).rejects.toThrow('An evaluation is under way.');
    void engine.stopEvaluating();
    const second = engine.evaluateSubjects(request(), ignore);
    await first;
    expect((await second).rows).toHaveLength(HELD_OUT);
  });
});

describe('a file with predictions', () => {
  const apply = (
    name: string,
    text: string,
    id: string | null = adapterId,
    onEvent: (event: ApplyEvent) => void = ignore,
  ) => engine.applyToFile({ adapterId: id, source: textSource(name, text), maxTokens: 4 }, onEvent);

  it('is the file as it came, with a label and its probability in every row that has an input', async () => {
    const events: ApplyEvent[] = [];
    const csv = 'id,text,prediction\n1,The dog was mean.,x\n2,,y\n3,"The hat, it was kind.",=1+1\n';
    const { file, rows, left, stopped } = await apply('new.csv', csv, adapterId, (event) => events.push(event));
    expect({ name: file.name, rows, left, stopped }).toEqual({
      name: 'new-predictions.csv',
      rows: 2,
      left: 1,
      stopped: false,
    });
    expect(textOf(file.bytes).startsWith('\uFEFFid,text,prediction,prediction_2,probability\r\n')).toBe(true);
    const read = parseDataset('new.csv', textOf(file.bytes).slice(1)).rows.map(({ cells }) => cells);
    expect(read.map(({ text, prediction }) => [text, prediction])).toEqual([
      ['The dog was mean.', 'x'],
      ['', 'y'],
      ['The hat, it was kind.', '=1+1'],
    ]);
    expect(read[1]).toMatchObject({ prediction_2: '', probability: '' });
    for (const row of [read[0], read[2]]) {
      expect(['good', 'bad']).toContain(row?.prediction_2);
      expect(Number(row?.probability)).toBeGreaterThan(0.5);
    }
    expect(events[0]).toEqual({ type: 'progress', rows: 0, totalRows: 3 });
    expect(events.at(-1)).toEqual({ type: 'progress', rows: 3, totalRows: 3 });
  });

  it('has the labels that the evaluation finds', async () => {
    const report = await engine.evaluateSubjects(request({ subjects: [{ type: 'adapter', id: adapterId }] }), ignore);
    const texts = report.rows.map(({ prompt }) => prompt.slice('Text: '.length, -'\nLabel:'.length));
    const { file } = await apply('again.csv', ['text', ...texts].join('\n'));
    const predicted = parseDataset('again.csv', textOf(file.bytes).slice(1)).rows.map(({ cells }) => cells.prediction);
    expect(predicted).toEqual(report.rows.map(({ outcomes }) => outcomes[0]?.answer));
  });

  it('stays JSON Lines, with its objects as they were', async () => {
    const lines = [
      { text: 'The cake was sour.', by: { name: 'Ann', age: 7 }, tags: ['a', 'b'] },
      { text: 'The song was sweet.', by: null, tags: [] },
    ];
    const { file } = await apply('new.jsonl', `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`, null);
    expect(file.name).toBe('new-predictions.jsonl');
    const read: unknown[] = textOf(file.bytes)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(read).toMatchObject(lines);
    expect(read[0]).toHaveProperty('prediction');
    expect(read[0]).toHaveProperty('probability');
  });

  it('is refused where a column of the template is missing, which it names', async () => {
    await expect(apply('other.csv', 'review,stars\nFine.,5\nGood.,4\n')).rejects.toThrow(
      'other.csv has no column "text".',
    );
  });

  it('that is stopped has what was predicted by then', async () => {
    const csv = ['text', ...Array.from({ length: 70 }, (_, i) => `The boat number ${i} was kind.`)].join('\n');
    const { file, rows, left, stopped } = await apply('long.csv', csv, null, (event) => {
      if (event.rows === 0) void engine.stopEvaluating();
    });
    expect({ rows, left, stopped }).toEqual({ rows: 0, left: 0, stopped: true });
    expect(parseDataset('long.csv', textOf(file.bytes).slice(1)).rows.map(({ cells }) => cells.prediction)).toEqual(
      Array(70).fill(''),
    );
  });
});

describe('a task that writes', () => {
  beforeAll(async () => {
    const rows = Array.from(
      { length: 24 },
      (_, i) => `The ${['dog', 'cat', 'bird'][i % 3]} number ${i}.,It ran ${i} times.`,
    );
    const mapping = { inputs: ['text'], target: 'answer', task: 'generation' } as const;
    const options = { mapping, validationFraction: 0.25, seed: 1 };
    await engine.setDataset(textSource('stories.csv', ['text,answer', ...rows].join('\n')), options, ignore);
  });

  it('is measured by what is written, and by how likely the target is', async () => {
    const subjects = [{ type: 'model' }, { type: 'few-shot', examples: 2 }] as const;
    const report = await engine.evaluateSubjects(request({ subjects, rows: 3, maxTokens: 8 }), ignore);
    expect(report.labels).toEqual([]);
    for (const { metrics, confusion } of report.subjects) {
      expect(Object.keys(metrics).toSorted()).toEqual(['bleu', 'chrf', 'exact_match', 'perplexity', 'rouge_l']);
      expect(confusion).toBeNull();
    }
    const { prompt, outcomes } = report.rows[0] ?? expect.fail('there is no row');
    const sampling = { temperature: 0, topP: 1, maxTokens: 8, seed: 1 };
    const { text } = await engine.generate({ prompt, format: 'text', adapterId: null, sampling }, ignore);
    expect(outcomes[0]?.answer).toBe(text.trim());
    expect(outcomes[0]?.probabilities).toBeNull();
    expect(outcomes[1]?.answer).not.toContain('\n\n');
  });

  it('gives a file a column of texts', async () => {
    const source = textSource('new.tsv', 'text\tn\nThe dog.\t1\nThe cat.\t2\n');
    const { file, left } = await engine.applyToFile({ adapterId: null, source, maxTokens: 3 }, ignore);
    expect(left).toBe(0);
    expect(textOf(file.bytes)).toMatch(/^\uFEFFtext,n,prediction\r\n/);
  });
});

it('a model that goes ends what is measured with it, and nothing of it stays on the device', async () => {
  const { backend } = await at.decoder();
  const subjects = [{ type: 'model' }, { type: 'few-shot', examples: 2 }, { type: 'model' }] as const;
  const told: EvaluationEvent[] = [];
  const measured = engine.evaluateSubjects(request({ subjects }), (event) => told.push(event)).catch(ignore);
  await engine.unloadModel();
  await measured;
  expect(told.some((event) => event.type === 'progress' && event.subject === 2)).toBe(false);
  expect(backend.live()).toEqual({ tensors: 0, bytes: 0, sessions: 0 });
});
