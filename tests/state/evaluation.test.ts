/** Measuring on the page: who is measured, how far it is, what is kept of it, and when it says that it has aged. */
import papa from 'papaparse';
import { describe, expect, it } from 'vitest';
import { newColumn, toned } from '../../src/state/columns';
import { createEvaluation, EVALUATION_DEFAULTS, type Measurement } from '../../src/state/evaluation';
import { reportFile } from '../../src/state/evaluationFile';
import { metricRows, mistakesOf, verdictOf } from '../../src/state/evaluationScores';
import { type Ground, whyStale } from '../../src/state/ground';
import { chosenAdapters, isGone, namedSubjects } from '../../src/state/subjects';
import type { AdapterSummary, EvaluationRequest, SerialisedError } from '../../src/worker/protocol';
import { createScriptedEngine, type Script } from '../support/scriptedEngine';

const GROUND: Ground = { model: 'fable-7m, q4', dataset: 'reviews.tsv', sourceKey: 'source-1', readAs: '[]' };
const NO_ROOM: SerialisedError = { kind: 'data', message: 'The examples do not fit.', where: {}, hint: null };

const adapter = (id: string): AdapterSummary => ({
  id,
  name: `Adapter ${id}`,
  model: 'fable-7m',
  shape: { method: 'prefix', length: 16 },
  parameters: 4096,
  bytes: 16_480,
  steps: 100,
  baseLoss: null,
  loss: null,
  baseAccuracy: null,
  accuracy: null,
  origin: 'tuned',
  template: null,
});
const LIST = ['p', 'q', 'r', 's'].map(adapter);
const columns = toned([
  newColumn(1, { type: 'model' }),
  newColumn(2, { type: 'adapter', id: 'q' }),
  newColumn(3, { type: 'adapter', id: 'p' }),
]);

const measurement = (change: Partial<typeof EVALUATION_DEFAULTS> = {}): Measurement => ({
  subjects: namedSubjects({ ...EVALUATION_DEFAULTS, ...change }, columns, LIST),
  rows: 40,
  maxTokens: 48,
  ground: GROUND,
});
const nameList = (subjects: readonly { readonly name: string }[]) => subjects.map(({ name }) => name);

async function measured(script: Script = {}, change: Partial<typeof EVALUATION_DEFAULTS> = {}) {
  const evaluation = createEvaluation(createScriptedEngine(script));
  await evaluation.measure(measurement(change));
  const state = evaluation.store.getState();
  return { evaluation, state, measured: state.measured ?? expect.fail('nothing was measured') };
}

describe('who is measured', () => {
  it('is the model alone and the adapters in Compare, in the tones that they have there', () => {
    const subjects = namedSubjects(EVALUATION_DEFAULTS, columns, LIST);
    expect(nameList(subjects)).toEqual(['The model alone', 'Adapter q', 'Adapter p']);
    expect(subjects.map(({ tone }) => tone)).toEqual(['base', 'tuned', 'third']);
  });

  it('is at most four, few-shot included, and each has a tone of its own', () => {
    const choice = { ...EVALUATION_DEFAULTS, adapterIds: ['r', 'p', 'q', 's'], fewShot: true, examples: 1 };
    const subjects = namedSubjects(choice, columns, LIST);
    expect(nameList(subjects)).toEqual(['The model alone', 'With 1 example in the prompt', 'Adapter r', 'Adapter p']);
    expect(new Set(subjects.map(({ tone }) => tone)).size).toBe(4);
    expect(chosenAdapters({ ...choice, fewShot: false }, columns, LIST)).toHaveLength(3);
  });

  it('leaves out adapters that are not there', () => {
    const choice = { ...EVALUATION_DEFAULTS, adapterIds: ['gone', 's'] };
    expect(chosenAdapters(choice, columns, LIST).map(({ id }) => id)).toEqual(['s']);
    const lists = { list: LIST, others: [] };
    expect(isGone({ type: 'adapter', id: 'gone' }, lists)).toBe(true);
    expect(isGone({ type: 'adapter', id: 's' }, { list: [], others: LIST })).toBe(false);
    expect(isGone({ type: 'model' }, lists)).toBe(false);
  });
});

describe('a measurement', () => {
  it('asks the engine once for all, and keeps the report with the names and what it was measured on', async () => {
    const requests: unknown[] = [];
    const { measured: kept, state } = await measured(
      { beforeEvaluating: (_, args) => requests.push(...args) },
      { fewShot: true },
    );
    expect(requests).toEqual([
      {
        subjects: [
          { type: 'model' },
          { type: 'few-shot', examples: 4 },
          { type: 'adapter', id: 'q' },
          { type: 'adapter', id: 'p' },
        ],
        rows: 40,
        maxTokens: 48,
        seed: 0,
      } satisfies EvaluationRequest,
    ]);
    expect(nameList(kept.subjects)).toEqual([
      'The model alone',
      'With 4 examples in the prompt',
      'Adapter q',
      'Adapter p',
    ]);
    expect(kept).toMatchObject({ ground: GROUND, stopped: false });
    expect(state).toMatchObject({ measuring: null, problem: null, failures: [] });
  });

  it('tells how far it is, and of whom', async () => {
    const evaluation = createEvaluation(createScriptedEngine());
    const seen: string[] = [];
    evaluation.store.subscribe(({ measuring }) => {
      if (measuring?.at) seen.push(`${measuring.subjects[measuring.at.subject]?.name}: ${measuring.at.done}`);
    });
    await evaluation.measure(measurement());
    expect(seen.slice(0, 3)).toEqual(['The model alone: 0', 'The model alone: 8', 'The model alone: 16']);
    expect(seen.at(-1)).toBe('Adapter p: 40');
  });

  it('that is stopped keeps the subjects that are finished, and says that it was stopped', async () => {
    const evaluation = createEvaluation(createScriptedEngine());
    evaluation.store.subscribe(({ measuring }) => {
      if (measuring?.at?.subject === 1 && !measuring.stopping) evaluation.stop();
    });
    await evaluation.measure(measurement());
    const { measured: kept, measuring } = evaluation.store.getState();
    expect(measuring).toBeNull();
    expect(kept?.stopped).toBe(true);
    expect(nameList(kept?.subjects ?? [])).toEqual(['The model alone']);
  });

  it('goes on without a subject that fails, and tells why', async () => {
    const failing: Script['failing'] = ({ type }) => (type === 'few-shot' ? NO_ROOM : null);
    const { measured: kept, state } = await measured({ failing }, { fewShot: true });
    expect(nameList(kept.subjects)).toEqual(['The model alone', 'Adapter q', 'Adapter p']);
    expect(state.failures).toMatchObject([{ subject: { name: 'With 4 examples in the prompt' }, problem: NO_ROOM }]);
    expect(kept.stopped).toBe(false);
  });

  it('that fails as a whole leaves the report before it in place', async () => {
    let fails = false;
    const { evaluation, measured: first } = await measured({ failing: () => (fails ? NO_ROOM : null) });
    fails = true;
    await evaluation.measure(measurement());
    const { measured: kept, problem, failures } = evaluation.store.getState();
    expect(kept).toBe(first);
    expect(problem?.message).toBe('Nothing was measured.');
    expect(failures).toHaveLength(3);
  });

  it('is one at a time', async () => {
    const requests: string[] = [];
    const evaluation = createEvaluation(createScriptedEngine({ beforeEvaluating: (method) => requests.push(method) }));
    await Promise.all([evaluation.measure(measurement()), evaluation.measure(measurement())]);
    expect(requests).toEqual(['evaluateSubjects']);
  });
});

describe('a report', () => {
  it('says what it was measured on as soon as that is not what stands on the page', () => {
    expect(whyStale(GROUND, GROUND)).toBeNull();
    expect(whyStale(GROUND, null)).toBeNull();
    expect(whyStale(GROUND, { ...GROUND, model: 'other, q8' })).toMatch(/fable-7m.*another model/);
    expect(whyStale(GROUND, { ...GROUND, sourceKey: 'source-2' })).toMatch(/on reviews\.tsv, before another dataset/);
    expect(whyStale(GROUND, { ...GROUND, readAs: '[1]' })).toMatch(/template/);
  });

  it('has its metrics in rows, with the difference to the model alone', async () => {
    const { measured: kept } = await measured();
    const rows = metricRows(kept.report);
    expect(rows.map(({ metric }) => metric)).toEqual(['accuracy', 'accuracy_calibrated', 'macro_f1']);
    const [base, tuned] = rows[0]?.cells ?? [];
    expect(base).toMatchObject({ value: { value: 0.5 }, difference: null });
    expect(tuned?.difference?.value).toBeCloseTo(0.4, 10);
  });

  it('calls a difference clear only where its interval does not hold 0, and better where lower is better', () => {
    const interval = (low: number, high: number) => ({ value: (low + high) / 2, low, high });
    expect(verdictOf('accuracy', interval(0.01, 0.2))).toBe('better');
    expect(verdictOf('accuracy', interval(-0.2, -0.01))).toBe('worse');
    expect(verdictOf('accuracy', interval(0, 0.2))).toBe('unclear');
    expect(verdictOf('perplexity', interval(-3, -1))).toBe('better');
    expect(verdictOf('perplexity', interval(1, 3))).toBe('worse');
  });

  it('names what each label is most often taken for, the most frequent mistake first', () => {
    const confusion = [
      [5, 1, 2],
      [0, 8, 0],
      [1, 4, 3],
    ];
    expect(mistakesOf(confusion, ['good', 'bad', 'mixed'])).toEqual([
      { label: 'mixed', takenFor: 'bad', count: 4, of: 8 },
      { label: 'good', takenFor: 'mixed', count: 2, of: 8 },
    ]);
  });

  it('becomes a CSV with a column of answers for each subject', async () => {
    const { measured: kept } = await measured({ evaluatedRows: 2 });
    const { name, bytes } = await reportFile(kept);
    const { data } = papa.parse<Record<string, string>>(new TextDecoder().decode(bytes), { header: true });
    expect(name).toBe('reviews-measured.csv');
    expect(data).toHaveLength(2);
    expect(data[1]).toMatchObject({
      line: '5',
      prompt: 'Review: Dish 1 came late.\nVerdict:',
      target: 'bad',
      'answer (The model alone)': 'mixed',
      'right (The model alone)': 'false',
      'answer (Adapter q)': 'bad',
      'right (Adapter q)': 'true',
    });
  });

  it('has no formula in its CSV, whatever a model wrote', async () => {
    const { measured: kept } = await measured({ evaluatedRows: 1 });
    const [row] = kept.report.rows;
    const outcomes = row?.outcomes.map((outcome) => ({ ...outcome, answer: '=HYPERLINK("x")' })) ?? [];
    const report = { ...kept.report, rows: kept.report.rows.map((one) => ({ ...one, outcomes })) };
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode((await reportFile({ ...kept, report })).bytes);
    expect(text.startsWith('\uFEFFline,prompt')).toBe(true);
    expect(text).toContain(`"'=HYPERLINK(""x"")"`);
  });
});
