/** Measuring, voting and answering files in one visit: what stands in the way, what is asked, and what follows from it. */
import { describe, expect, it } from 'vitest';
import { groundOf, whyStale } from '../../src/state/ground';
import { losesWork } from '../../src/state/leaving';
import { createSession, type Session } from '../../src/state/session';
import { parseUrl } from '../../src/state/url';
import { whyNotApply, whyNotMeasure } from '../../src/state/whyNot';
import type { ApplyRequest, EvaluationRequest, ExportedFile } from '../../src/worker/protocol';
import { createScriptedEngine, type Script } from '../support/scriptedEngine';

const REVIEWS = Array.from({ length: 40 }, (_, row) => `Dish ${row}.\t${row % 2 === 0 ? 'good' : 'bad'}`).join('\n');
const FILE = new File(['text\nFine.'], 'new.csv');

const settle = async () => {
  for (let turn = 0; turn < 80; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** With the bundled model and, unless it is null, a dataset. */
async function visit(data: string | null = REVIEWS, script: Script = {}) {
  const saved: ExportedFile[] = [];
  const requests: unknown[] = [];
  const engine = createScriptedEngine({ beforeEvaluating: (_, args) => requests.push(...args), ...script });
  const session = createSession(engine, {
    url: parseUrl(''),
    schedule: (flush) => flush(),
    delay: () => () => {},
    fetchSample: () => Promise.resolve('[]'),
    save: (file) => saved.push(file),
  });
  session.begin();
  if (data !== null) session.dataset.openText('reviews.tsv', data);
  await settle();
  return { session, saved, requests };
}

function stale({ evaluation, dataset, model }: Session): string | null {
  const { measured } = evaluation.store.getState();
  const { current } = dataset.store.getState();
  const { phase } = model.store.getState();
  if (measured === null || current === null || phase.status !== 'ready') return 'there is nothing';
  return whyStale(measured.ground, groundOf(phase.summary, current));
}

describe('measuring', () => {
  it('takes the adapters in Compare, and no more rows than are held out', async () => {
    const { session, requests } = await visit();
    session.tune();
    await settle();
    session.measure();
    await settle();
    expect(requests).toEqual([
      {
        subjects: [{ type: 'model' }, { type: 'adapter', id: 'adapter-1' }],
        rows: 4,
        maxTokens: 48,
        seed: 0,
      } satisfies EvaluationRequest,
    ]);
    expect(session.evaluation.store.getState().measured?.subjects).toHaveLength(2);
  });

  it('says why it cannot begin', async () => {
    const { session } = await visit(null);
    expect(whyNotMeasure(session)).toBe('Choose a dataset first.');
    session.dataset.openText('few.tsv', 'Fine.\tgood');
    await settle();
    expect(whyNotMeasure(session)).toMatch(/^No rows are held out/);
    session.dataset.openText('reviews.tsv', REVIEWS);
    await settle();
    expect(whyNotMeasure(session)).toBeNull();
  });

  it('is not begun while a file is being answered, nor the other way round; leaving would lose either', async () => {
    const { session } = await visit();
    session.measure();
    expect(whyNotApply(session)).toMatch(/^A measurement is under way/);
    expect(losesWork(session)).toBe(true);
    await settle();
    expect([whyNotApply(session), losesWork(session)]).toEqual([null, false]);
    session.applyTo([FILE]);
    expect(whyNotMeasure(session)).toMatch(/^A file is being answered/);
    expect(losesWork(session)).toBe(true);
    session.measure();
    expect(session.evaluation.store.getState().measuring).toBeNull();
    await settle();
    expect(whyNotMeasure(session)).toBeNull();
  });

  it('leaves a report that ages with the template and with the dataset, and not with the device', async () => {
    const { session } = await visit();
    session.measure();
    await settle();
    expect(stale(session)).toBeNull();
    session.model.chooseDevice('wasm');
    await settle();
    expect(stale(session)).toBeNull();
    session.dataset.remap({ template: 'Say: {text} {label}' });
    await settle();
    expect(stale(session)).toMatch(/template/);
    session.dataset.openText('other.tsv', REVIEWS);
    await settle();
    expect(stale(session)).toMatch(/another dataset/);
  });

  it('of texts opens the vote on them', async () => {
    const { session } = await visit(REVIEWS, { evaluatedTask: 'persona' });
    session.evaluation.set({ fewShot: true });
    session.measure();
    await settle();
    expect(session.voting.store.getState().election?.pair).toEqual({ first: 0, second: 1 });
  });
});

describe('a file', () => {
  it('is answered by the adapter of Export, and saved', async () => {
    const { session, requests, saved } = await visit();
    session.tune();
    await settle();
    session.applyTo([FILE]);
    await settle();
    expect((requests[0] as ApplyRequest).adapterId).toBe('adapter-1');
    expect(saved.map(({ name }) => name)).toEqual(['new-predictions.csv']);
  });

  it('needs a dataset, which says how it is read', async () => {
    const { session, requests } = await visit(null);
    expect(whyNotApply(session)).toMatch(/^Choose the dataset first/);
    session.applyTo([FILE]);
    await settle();
    expect(requests).toEqual([]);
  });
});
