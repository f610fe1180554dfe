/** One visit: what follows from what, from the first load to the exported file. */
import { describe, expect, it } from 'vitest';
import { losesWork } from '../../src/state/leaving';
import { neverBack } from '../../src/state/model';
import { toProblem } from '../../src/state/problem';
import { isActive, latestRun, latestRunOf } from '../../src/state/run';
import { parseSamples } from '../../src/state/samples';
import { measuredOn, scoreRows } from '../../src/state/scores';
import { createSession, type Session } from '../../src/state/session';
import { parseUrl } from '../../src/state/url';
import { whyNotTune } from '../../src/state/whyNot';
import type { ExportedFile, TuneSettings } from '../../src/worker/protocol';
import { keptRun } from '../support/keptRun';
import { createScriptedEngine, fallingLoss, type Script } from '../support/scriptedEngine';
import { mappingWith } from '../support/source';

const SAMPLES = JSON.stringify([
  {
    name: 'reviews',
    file: 'reviews.tsv',
    title: 'Reviews',
    description: 'Good or bad.',
    task: 'classification',
    rows: 2,
    source: 'Written for a test',
    licence: 'CC0 1.0',
    inputs: ['text'],
    target: 'label',
    initText: 'Read each review.',
    steps: 30,
  },
]);
const FILES: Readonly<Record<string, string>> = { 'index.json': SAMPLES, 'reviews.tsv': 'Fine.\tgood\nCold.\tbad' };

/** Long enough for every promise of a scripted engine to settle. */
const settle = async () => {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
};

async function visit(search = '', script: Script = {}) {
  const engine = createScriptedEngine(script);
  const saved: ExportedFile[] = [];
  const session = createSession(engine, {
    url: parseUrl(search),
    schedule: (flush) => flush(),
    delay: () => () => {},
    fetchSample: async (file) => {
      const text = FILES[file];
      if (text === undefined) throw new Error(`no ${file}`);
      return text;
    },
    save: (file) => saved.push(file),
  });
  session.begin();
  await settle();
  return { engine, session, saved };
}

const FULL = { kind: 'device', message: 'The disk is full.', where: {}, hint: null } as const;

const MODEL_ALONE = { type: 'model' };
const subjects = ({ compare }: Session) => compare.store.getState().columns.map(({ subject }) => subject);
const scores = ({ adapters }: Session) => {
  const state = adapters.store.getState();
  return scoreRows(state.list, state);
};

describe('files that are dropped together', () => {
  it('are one dataset by the name of their folder, and its skipped rows leave as a CSV', async () => {
    const { session, engine, saved } = await visit();
    const inFolder = (name: string, text: string) =>
      Object.defineProperty(new File([text], name), 'path', { value: `/reviews/${name}` });
    session.openFiles([inFolder('b.tsv', 'Cold.\tbad'), inFolder('a.tsv', 'Fine.\tgood\nno label')]);
    await settle();
    const [source] = engine.calls.find(({ method }) => method === 'setDataset')?.args ?? [];
    expect(source).toMatchObject({ name: 'reviews', files: [{ path: 'reviews/a.tsv' }, { path: 'reviews/b.tsv' }] });
    await session.downloadSkipped();
    expect(saved.map(({ name, bytes }) => [name, new TextDecoder().decode(bytes)])).toEqual([
      ['reviews-skipped.csv', 'file,line,column,kind,reason\n,2,,ragged,has no label\n'],
    ]);
  });

  it('are nothing when the picker was closed without a choice', async () => {
    const { session, engine } = await visit();
    session.openFiles([]);
    await session.downloadSkipped();
    await settle();
    expect(engine.calls.some(({ method }) => method === 'setDataset')).toBe(false);
  });
});

describe('a visit', () => {
  it('goes from a link with a sample to an exported adapter', async () => {
    const { session, saved } = await visit('?sample=reviews&device=wasm');
    expect(whyNotTune(session)).toBeNull();
    expect(session.settings.store.getState()).toMatchObject({ steps: 30, initText: 'Read each review.' });
    expect(session.compare.store.getState().prompt).toBe('Review: Fine.\nVerdict:');
    expect(session.estimate.store.getState().value?.trainableParameters).toBe(32_768);

    session.tune();
    await settle();
    expect(subjects(session)).toEqual([MODEL_ALONE, { type: 'adapter', id: 'adapter-1' }]);
    expect(session.exporting.store.getState()).toMatchObject({
      adapterId: 'adapter-1',
      description: { tensors: [{ dims: [16, 2048] }] },
    });
    await session.exporting.write('zip');
    expect(saved.map(({ name }) => name)).toEqual(['adapter-1.zip']);
  });

  it('has a sample read as its card says', async () => {
    const { engine } = await visit('?sample=reviews');
    expect(engine.calls.find(({ method }) => method === 'setDataset')?.args[1]).toEqual({
      mapping: { task: 'classification', inputs: ['text'], target: 'label' },
    });
  });

  it('says why it cannot tune yet', async () => {
    const { session } = await visit();
    expect(whyNotTune(session)).toBe('Choose a dataset first.');
    session.settings.set({ length: 0 });
    session.dataset.openText('a.tsv', 'x\ty');
    await settle();
    expect(whyNotTune(session)).toBe('Length is at least 1.');
  });

  it('puts an adapter of every method beside the model alone, and chooses it for the export', async () => {
    const { session, engine } = await visit('?sample=reviews');
    for (const method of ['prefix', 'prompt', 'lora'] as const) {
      session.settings.set({ method });
      await settle();
      expect(whyNotTune(session)).toBeNull();
      session.tune();
      await settle();
      expect(engine.calls.findLast((call) => call.method === 'tune')?.args[0]).toMatchObject({
        method: { type: method },
      });
      const newest = session.adapters.store.getState().list.at(-1);
      expect(newest?.shape.method).toBe(method);
      expect(subjects(session)).toEqual([MODEL_ALONE, { type: 'adapter', id: newest?.id }]);
      expect(session.exporting.store.getState().adapterId).toBe(newest?.id);
    }
  });

  it('forgets what another method weighs, and learns what LoRA goes on from the model', async () => {
    const { session } = await visit('?sample=reviews', {
      model: { loraTargets: [{ role: 'o', module: 'c_proj', numbersPerRank: 100 }] },
    });
    expect(session.estimate.store.getState().value).not.toBeNull();
    session.settings.set({ method: 'lora' });
    expect(session.estimate.store.getState().value).toBeNull();
    expect(session.settings.store.getState().targets).toEqual(['o']);
    expect(whyNotTune(session)).toBeNull();
  });

  it('does not start a run that is known not to fit, until its settings make it fit', async () => {
    const { session, engine } = await visit('?sample=reviews', {
      doesNotFit: ({ microBatchSize }) => microBatchSize !== 'auto',
    });
    session.settings.set({ microBatchSize: 16 });
    await settle();
    expect(session.estimate.store.getState()).toMatchObject({
      value: { trainableParameters: 32_768, memory: null, memoryProblem: { kind: 'device' } },
      problem: null,
    });
    expect(whyNotTune(session)).toBe('This run does not fit in memory; the reason stands above.');
    session.tune();
    expect(engine.calls.some(({ method }) => method === 'tune')).toBe(false);
    session.settings.set({ microBatchSize: 'auto' });
    await settle();
    expect(whyNotTune(session)).toBeNull();
  });

  it('shows why a model could not be loaded, and loads it when asked again', async () => {
    let broken = true;
    const { session } = await visit('', {
      before: ({ method }) => {
        if (method === 'loadModel' && broken) throw toProblem({ kind: 'model', message: 'No such folder.', where: {} });
      },
    });
    expect(session.model.store.getState().phase).toMatchObject({ status: 'failed', problem: { kind: 'model' } });
    broken = false;
    session.model.load();
    await settle();
    expect(session.model.store.getState().phase.status).toBe('ready');
  });

  it('reads the dataset again on another device', async () => {
    const { session, engine } = await visit('?sample=reviews');
    session.model.chooseDevice('webgpu');
    await settle();
    expect(engine.calls.filter(({ method }) => method === 'loadModel').map(({ args }) => args[1])).toEqual([
      'auto',
      'webgpu',
    ]);
    expect(session.dataset.store.getState().current?.summary.usableRows).toBe(2);
  });

  it('measures an imported adapter against the model alone', async () => {
    const { session } = await visit('?sample=reviews');
    await session.importAdapter([]);
    expect(session.exporting.store.getState().adapterId).toBe('imported-1');
    expect(scores(session)[0]).toMatchObject({ base: null, tuned: null });
    await session.adapters.measure('imported-1');
    expect(scores(session)[0]).toMatchObject({
      base: { loss: 2.412 },
      tuned: { loss: 0.683 },
    });
  });

  it('keeps what was tuned for another model: it can be exported, and neither compared nor taken for this model’s', async () => {
    const { session, saved } = await visit('?sample=reviews');
    session.tune();
    await settle();
    session.model.load({ type: 'hub', repo: 'owner/small', revision: 'main' });
    await settle();
    expect(session.adapters.store.getState()).toMatchObject({
      list: [],
      others: [{ id: 'adapter-1', model: 'fable-7m' }],
    });
    expect(subjects(session)).toEqual([MODEL_ALONE, { type: 'none' }]);
    expect(session.exporting.store.getState().adapterId).toBe('adapter-1');
    expect(latestRunOf(session.run.store.getState(), 'owner/small')).toBeUndefined();
    expect(latestRunOf(session.run.store.getState(), 'fable-7m')?.id).toBe(1);
    await session.exporting.write('zip');
    expect(saved.map(({ name }) => name)).toEqual(['adapter-1.zip']);
    session.model.load({ type: 'bundled', name: 'fable-7m' });
    await settle();
    expect(subjects(session)).toEqual([MODEL_ALONE, { type: 'adapter', id: 'adapter-1' }]);
    expect(session.adapters.store.getState()).toMatchObject({ list: [{ id: 'adapter-1' }], others: [] });
  });

  it('leaving loses a run under way; what it left is kept', async () => {
    const { session } = await visit('?sample=reviews');
    expect(losesWork(session)).toBe(false);
    session.tune();
    expect(losesWork(session)).toBe(true);
    await settle();
    expect(isActive(latestRun(session.run.store.getState()))).toBe(false);
    expect(losesWork(session)).toBe(false);
  });

  it.each([
    ['the browser keeps nothing', { storage: 'memory' }],
    [
      'what came of it could not be kept',
      { events: (settings: TuneSettings) => [{ type: 'unkept', problem: FULL } as const, ...fallingLoss(settings)] },
    ],
  ] as const)('where %s, leaving loses an adapter until it is exported', async (_, script) => {
    const { session } = await visit('?sample=reviews', script);
    session.tune();
    await settle();
    expect(losesWork(session)).toBe(true);
    await session.exporting.write('safetensors');
    expect(losesWork(session)).toBe(false);
  });

  it('says which samples there are when a link names another', async () => {
    const { session } = await visit('?sample=revues');
    expect(session.samples.store.getState().problem).toMatchObject({
      message: 'There is no sample "revues".',
      hint: 'The samples are reviews.',
    });
    expect(session.dataset.store.getState().current).toBeNull();
  });

  it('does not pass off what a run measured on other data for a measurement of the present data', () => {
    const present = {
      name: 'b.csv',
      mapping: mappingWith({ inputs: ['x'], target: 'y', template: '{x}{y}' }),
    };
    const prefix = { template: '{x}{y}' };
    expect(measuredOn(prefix, 'b.csv', present)).toBeNull();
    expect(measuredOn(prefix, 'a.csv', present)).toBe('measured on a.csv');
    expect(measuredOn({ template: '{x}: {y}' }, 'b.csv', present)).toBe('measured with another template');
    expect(measuredOn(prefix, null, present)).toBeNull();
    expect(measuredOn(prefix, 'a.csv', null)).toBeNull();
  });

  it('goes on with GPUs by the settings of the run that made the adapter, not by those in Tune', async () => {
    const { session, engine, saved } = await visit('?sample=reviews');
    session.settings.set({ steps: 40 });
    session.tune();
    await settle();
    session.settings.set({ method: 'lora', steps: 50 });
    const asked = () => engine.calls.findLast(({ method }) => method === 'exportForGpus')?.args;
    await session.continueOnGpus();
    expect(asked()).toMatchObject(['adapter-1', { steps: 40, method: { type: 'prefix' } }]);
    expect(saved.map(({ name }) => name)).toEqual(['adapter-1-gpus.zip']);
    expect(session.exporting.store.getState()).toMatchObject({ saved: 'adapter-1-gpus.zip', writing: null });

    await session.importAdapter([new File([], 'brought.zip')]);
    await session.continueOnGpus();
    expect(asked()).toMatchObject([expect.stringMatching(/^imported/), { steps: 50, method: { type: 'lora' } }]);
  });

  it('looks into the adapter that came into Compare last, and measures anew on other data', async () => {
    const { session } = await visit('?sample=reviews');
    const state = () => session.learned.store.getState();
    expect(state().adapter).toBeNull();
    session.tune();
    await settle();
    expect(state().adapter).toMatchObject({ id: 'adapter-1', shape: { method: 'prefix' } });
    await session.learned.askAblation();
    await session.learned.askAttention({ prompt: 'Verdict:', format: 'text', answer: '' });
    session.dataset.openText('other.tsv', 'x\ty');
    await settle();
    expect(state()).toMatchObject({ ablation: { status: 'unasked' }, attention: { status: 'done' } });

    session.tune();
    await settle();
    expect(state()).toMatchObject({ adapter: { id: 'adapter-2' }, attention: { status: 'unasked' } });
    session.chooseAdapter('adapter-1');
    expect(state().adapter?.id).toBe('adapter-1');
  });

  it('lists runs anew when adapters are deleted, and adapters when runs are, since one goes with the other', async () => {
    const listed: string[] = [];
    const { session } = await visit('?sample=reviews', {
      runs: [keptRun('a'), keptRun('b')],
      before: ({ method }) => listed.push(method),
      beforeKept: (method) => void listed.push(method),
    });
    session.tune();
    await settle();
    // The second deletion carries out the first.
    listed.length = 0;
    for (const id of ['adapter-1', 'adapter-2']) session.adapters.remove(id);
    await settle();
    expect(listed.slice(listed.indexOf('deleteAdapter'))).toContain('runs');
    listed.length = 0;
    for (const id of ['a', 'b']) session.runs.remove([id]);
    await settle();
    expect(listed.slice(listed.indexOf('deleteRuns'))).toContain('adapters');
  });

  it('keeps the page alive when the samples cannot be listed', async () => {
    const engine = createScriptedEngine();
    const session = createSession(engine, {
      url: parseUrl(''),
      schedule: (flush) => flush(),
      delay: () => () => {},
      fetchSample: async () => {
        throw new Error('offline');
      },
      save: () => {},
    });
    session.begin();
    await settle();
    expect(session.samples.store.getState()).toMatchObject({ list: [], problem: { message: 'offline' } });
    expect(session.model.store.getState().phase.status).toBe('ready');
  });
});

describe('the list of samples', () => {
  it('is refused with the place where it is wrong', () => {
    expect(() => parseSamples('[{"name": "x"}]')).toThrow(
      expect.objectContaining({ kind: 'data', where: { file: 'samples/index.json', field: '0.file' } }),
    );
  });
});

describe('loading progress', () => {
  it('never goes back', () => {
    const pace = { bytesPerSecond: 1, secondsLeft: null, retry: null, cached: false };
    const at = (loaded: number) => ({ status: 'downloading', file: 'a', loaded, total: 100, ...pace }) as const;
    expect(neverBack(at(50), at(40))).toMatchObject({ loaded: 50 });
    expect(neverBack(at(50), at(60))).toMatchObject({ loaded: 60 });
    expect(neverBack(at(50), { status: 'compiling' })).toEqual({ status: 'compiling' });
  });
});

describe('what was thrown', () => {
  it('becomes one shape, whatever it was', () => {
    expect(toProblem('oh')).toEqual({ kind: 'unexpected', message: 'oh', where: {}, hint: null });
    expect(toProblem(new TypeError('x is not a function'))).toMatchObject({ kind: 'unexpected' });
    expect(toProblem({ kind: 'data', message: 'm', where: { line: 3, column: 'c', odd: {} }, hint: 'h' })).toEqual({
      kind: 'data',
      message: 'm',
      where: { line: 3, column: 'c' },
      hint: 'h',
    });
  });
});
