/** Changing the model: looking up, choosing a graph, loading, cancelling, and what this browser keeps. */
import { describe, expect, it } from 'vitest';
import { asksForToken } from '../../src/state/hubToken';
import { type ModelState, wayBack } from '../../src/state/model';
import { keptModels, keptName, keptUse } from '../../src/state/modelCache';
import { toProblem } from '../../src/state/problem';
import { createSession } from '../../src/state/session';
import { parseUrl } from '../../src/state/url';
import { whyNotTune } from '../../src/state/whyNot';
import type { CachedModel, LoadProgress, ModelListing, ModelVariant } from '../../src/worker/protocol';
import { createScriptedEngine, type Script } from '../support/scriptedEngine';

const REPO = 'owner/small';
const variant = (dtype: string, onnxPath = `onnx/model_${dtype}.onnx`): ModelVariant => ({
  onnxPath,
  dtype,
  bytes: 90_000_000,
  fit: 'fits',
  fitReason: 'It needs about 0.4 GB of this device’s memory.',
});
const LISTING: ModelListing = {
  name: REPO,
  commit: 'c0ffee',
  variants: [variant('q4'), variant('q4f16'), variant('fp32')],
};
const kept = (name: string, dtype = 'q4', complete = true): CachedModel => ({
  key: `${name} ${dtype}`,
  name,
  dtype,
  bytes: 100,
  complete,
  lastUsed: 0,
  source: { type: 'hub', repo: name, revision: 'main', onnxPath: `onnx/model_${dtype}.onnx` },
});
const GATED = {
  kind: 'model',
  message: 'owner/small is gated.',
  where: { field: 'terms' },
  hint: 'Give an access token.',
} as const;

const settle = async () => {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** A visit whose deletions wait until the test lets time pass. */
async function visit(script: Script = {}, search = '') {
  const engine = createScriptedEngine({ listing: LISTING, ...script });
  const timers = new Set<() => void>();
  const session = createSession(engine, {
    url: parseUrl(search),
    schedule: (flush) => flush(),
    delay: (run) => {
      timers.add(run);
      return () => timers.delete(run);
    },
    fetchSample: async () => '[]',
    save: () => {},
  });
  session.begin();
  await settle();
  const passTime = async () => {
    for (const run of timers) run();
    timers.clear();
    await settle();
  };
  const argsOf = (method: string) => engine.calls.filter((call) => call.method === method).map(({ args }) => args);
  const loaded = () => argsOf('loadModel').map(([source]) => source);
  return { session, passTime, argsOf, loaded };
}

describe('looking a model up', () => {
  it('lists what there is, chooses the first, and loads nothing', async () => {
    const { session, loaded } = await visit();
    session.chooser.setText(REPO);
    session.chooser.lookUp();
    await settle();
    expect(session.chooser.store.getState().lookup).toMatchObject({
      status: 'found',
      listing: LISTING,
      onnxPath: 'onnx/model_q4.onnx',
    });
    expect(loaded()).toEqual([{ type: 'bundled', name: 'fable-7m' }]);
  });

  it('then loads the graph that is chosen', async () => {
    const { session, loaded } = await visit();
    session.chooser.suggest(REPO);
    await settle();
    session.chooser.choose('onnx/model_q4f16.onnx');
    session.chooser.load();
    await settle();
    expect(loaded().at(-1)).toEqual({ type: 'hub', repo: REPO, revision: 'main', onnxPath: 'onnx/model_q4f16.onnx' });
  });

  it('chooses the graph that a pasted address names', async () => {
    const { session } = await visit();
    session.chooser.suggest(`https://huggingface.co/${REPO}/blob/main/onnx/model_fp32.onnx`);
    await settle();
    expect(session.chooser.store.getState().lookup).toMatchObject({ onnxPath: 'onnx/model_fp32.onnx' });
  });

  it('that fails leaves the model in use alone', async () => {
    const { session } = await visit({
      before: ({ method }) => {
        if (method === 'listModel') throw toProblem({ kind: 'model', message: 'No such model.', where: {} });
      },
    });
    session.chooser.suggest(REPO);
    await settle();
    expect(session.chooser.store.getState().lookup).toMatchObject({ status: 'failed', problem: { kind: 'model' } });
    expect(session.model.store.getState().phase.status).toBe('ready');
  });

  it('says at once what a text that is no name lacks, and asks nobody', async () => {
    const { session, argsOf } = await visit();
    session.chooser.suggest('gpt2');
    expect(session.chooser.store.getState().lookup).toMatchObject({ status: 'failed', source: null });
    expect(argsOf('listModel')).toEqual([]);
  });

  it('does not wait for a slower one before it, whose answer is dropped when it comes', async () => {
    const waiting: (() => void)[] = [];
    let slow = false;
    const { session, argsOf } = await visit({
      pace: () => (slow ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve()),
    });
    slow = true;
    session.chooser.suggest('owner/slow');
    await settle();
    slow = false;
    session.chooser.suggest(REPO);
    await settle();
    expect(argsOf('listModel')).toHaveLength(2);
    expect(session.chooser.store.getState().lookup).toMatchObject({ status: 'found', source: { repo: REPO } });
    for (const answer of waiting) answer();
    await settle();
    expect(session.chooser.store.getState().lookup).toMatchObject({ status: 'found', source: { repo: REPO } });
  });

  it('leaves what a later text lacks standing when its answer comes late', async () => {
    const waiting: (() => void)[] = [];
    let slow = false;
    const { session } = await visit({
      pace: () => (slow ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve()),
    });
    slow = true;
    session.chooser.suggest(REPO);
    await settle();
    session.chooser.suggest('gpt2');
    for (const answer of waiting) answer();
    await settle();
    expect(session.chooser.store.getState().lookup).toMatchObject({ status: 'failed', source: null });
  });

  it('says where to look when a repository has no graph', async () => {
    const { session } = await visit({ listing: { ...LISTING, variants: [] } });
    session.chooser.suggest(REPO);
    await settle();
    expect(session.chooser.store.getState().lookup).toMatchObject({
      status: 'failed',
      problem: { message: 'owner/small has no ONNX file of a language model.' },
    });
  });
});

describe('dropped files', () => {
  const files = ['model_q4.onnx', 'config.json', 'tokenizer.json'].map((name) => new File([], name));

  it('of one graph are loaded at once', async () => {
    const { session, loaded } = await visit({
      listing: { name: 'mine', commit: null, variants: [variant('q4', 'model_q4.onnx')] },
    });
    session.chooser.drop(files);
    await settle();
    expect(loaded().at(-1)).toEqual({ type: 'files', files, onnxPath: 'model_q4.onnx' });
    expect(session.chooser.store.getState().lookup.status).toBe('idle');
  });

  it('that lack what a graph needs are refused at once, and the model in use stays', async () => {
    const { session, loaded, argsOf } = await visit();
    session.chooser.drop(files.slice(0, 1));
    await settle();
    expect(session.chooser.store.getState().lookup).toMatchObject({
      status: 'failed',
      problem: { message: 'config.json and tokenizer.json are missing.' },
    });
    session.chooser.drop(files.slice(0, 2));
    expect(session.chooser.store.getState().lookup).toMatchObject({
      problem: { message: 'tokenizer.json is missing.' },
    });
    await settle();
    expect(argsOf('listModel')).toEqual([]);
    expect(loaded()).toHaveLength(1);
    expect(session.model.store.getState().phase.status).toBe('ready');
  });

  it('of several graphs are listed first', async () => {
    const { session, loaded } = await visit();
    session.chooser.drop(files);
    await settle();
    expect(session.chooser.store.getState().lookup.status).toBe('found');
    session.chooser.choose('onnx/model_fp32.onnx');
    session.chooser.load();
    await settle();
    expect(loaded().at(-1)).toEqual({ type: 'files', files, onnxPath: 'onnx/model_fp32.onnx' });
  });
});

describe('the access token', () => {
  it('goes to the engine with sources of the hub, and into no other store', async () => {
    const { session, argsOf, loaded } = await visit();
    session.hubToken.set(' hf_secret ');
    session.chooser.suggest(REPO);
    await settle();
    session.chooser.load();
    await settle();
    expect(argsOf('listModel')[0]?.[0]).toMatchObject({ token: 'hf_secret' });
    expect(loaded().at(-1)).toMatchObject({ repo: REPO, token: 'hf_secret' });
    const { hubToken: _own, ...others } = session;
    const states = Object.values(others).map((part) => ('store' in part ? part.store.getState() : null));
    expect(JSON.stringify(states)).not.toContain('hf_secret');
    session.chooser.suggest('https://example.org/model.onnx');
    session.model.load({ type: 'bundled', name: 'fable-7m' });
    await settle();
    expect(argsOf('listModel').at(-1)?.[0]).not.toHaveProperty('token');
    expect(loaded().at(-1)).not.toHaveProperty('token');
  });

  it('is asked for where the hub refuses, and only there', () => {
    const source = { type: 'hub', repo: REPO, revision: 'main' } as const;
    expect(asksForToken(source, GATED)).toEqual({ repo: REPO, what: 'terms' });
    const unknown = { ...GATED, message: 'There is no such model, or it is private.', where: { field: 'token' } };
    expect(asksForToken(source, unknown)).toEqual({ repo: REPO, what: 'access' });
    const named = { ...GATED, message: 'The hub answers 500 for owner/gated-token-403.', where: {} };
    expect(asksForToken(source, named)).toBeNull();
    expect(asksForToken({ type: 'url', url: 'https://example.org/model.onnx' }, GATED)).toBeNull();
    expect(asksForToken(source, { ...GATED, kind: 'data' })).toBeNull();
  });
});

describe('loading', () => {
  const downloading = (loaded: number, total: number): LoadProgress => ({
    status: 'downloading',
    file: 'model.onnx',
    loaded,
    total,
    bytesPerSecond: 1,
    secondsLeft: null,
    retry: null,
    cached: false,
  });

  it('moves the bar only forward, also when more turns out to be needed', async () => {
    const shares: number[] = [];
    const { session } = await visit({
      progress: [downloading(50, 100), downloading(60, 400), downloading(240, 400), { status: 'compiling' }],
    });
    session.model.store.subscribe(({ phase }) => {
      if (phase.status === 'loading') shares.push(phase.share);
    });
    session.model.load();
    await settle();
    expect(shares).toEqual([0, 0.5, 0.5, 0.6, 1]);
  });

  it('that fails offers the model that was there before', async () => {
    let broken = false;
    const { session, loaded } = await visit({
      before: ({ method }) => {
        if (method === 'loadModel' && broken) throw toProblem({ kind: 'model', message: 'Damaged.', where: {} });
      },
    });
    broken = true;
    session.model.load({ type: 'hub', repo: REPO, revision: 'main' });
    await settle();
    const state = session.model.store.getState();
    expect(state.phase.status).toBe('failed');
    expect(wayBack(state)).toEqual({ source: { type: 'bundled', name: 'fable-7m' }, name: 'fable-7m' });
    broken = false;
    session.model.load(wayBack(state)?.source);
    await settle();
    expect(loaded().at(-1)).toEqual({ type: 'bundled', name: 'fable-7m' });
    expect(session.model.store.getState().phase.status).toBe('ready');
  });

  it('has no way back from the bundled model but itself', async () => {
    const { session } = await visit();
    expect(wayBack(session.model.store.getState())).toBeNull();
  });

  it('can be cancelled; what comes of it afterwards is dropped, and the next one waits for the end', async () => {
    let slow = false;
    let release = () => {};
    const { session, argsOf, loaded } = await visit({
      pace: () =>
        slow
          ? new Promise((resolve) => {
              release = resolve;
            })
          : Promise.resolve(),
    });
    slow = true;
    session.model.load({ type: 'hub', repo: REPO, revision: 'main' });
    await settle();
    session.model.cancel();
    expect(session.model.store.getState().phase.status).toBe('cancelled');
    expect(argsOf('unloadModel')).toHaveLength(1);
    session.model.load({ type: 'bundled', name: 'fable-7m' });
    expect(loaded()).toHaveLength(2);
    slow = false;
    release();
    await settle();
    expect(loaded()).toHaveLength(3);
    expect(session.model.store.getState()).toMatchObject({ source: { name: 'fable-7m' }, phase: { status: 'ready' } });
    expect(whyNotTune(session)).toBe('Choose a dataset first.');
  });

  it('asked for twice happens once', async () => {
    const { session, loaded } = await visit();
    session.model.load({ type: 'hub', repo: REPO, revision: 'main' });
    session.model.load({ type: 'hub', repo: REPO, revision: 'main' });
    await settle();
    expect(loaded()).toHaveLength(2);
  });

  it('gives way to a newer wish: the transfer that nobody waits for is ended', async () => {
    const { session, argsOf, loaded } = await visit();
    session.model.load({ type: 'hub', repo: REPO, revision: 'main' });
    await Promise.resolve();
    session.model.load({ type: 'hub', repo: 'owner/other', revision: 'main' });
    await settle();
    expect(argsOf('unloadModel')).toHaveLength(1);
    expect(loaded().at(-1)).toMatchObject({ repo: 'owner/other' });
    expect(session.model.store.getState()).toMatchObject({ lastReady: { source: { repo: 'owner/other' } } });
  });

  it('of another model keeps dataset and settings', async () => {
    const { session, argsOf } = await visit();
    session.dataset.openText('a.tsv', 'x\tgood\ny\tbad');
    session.settings.set({ length: 7 });
    await settle();
    session.model.load({ type: 'hub', repo: REPO, revision: 'main' });
    await settle();
    expect(argsOf('setDataset')).toHaveLength(2);
    expect(session.dataset.store.getState().current?.summary.usableRows).toBe(2);
    expect(session.settings.store.getState().length).toBe(7);
  });
});

describe('a model that cannot read the dataset', () => {
  it('has none to tune on, and the next model has it again', async () => {
    let refuses = false;
    const { session, argsOf } = await visit({
      before: ({ method }) => {
        if (refuses && method === 'setDataset') throw toProblem({ kind: 'data', message: 'Too long.', where: {} });
      },
    });
    session.dataset.openText('a.tsv', 'x\tgood\ny\tbad');
    await settle();
    refuses = true;
    session.model.load({ type: 'hub', repo: REPO, revision: 'main' });
    await settle();
    expect(whyNotTune(session)).toBe('This model cannot read a.tsv; Data says why.');
    session.tune();
    expect(argsOf('tune')).toEqual([]);
    refuses = false;
    session.model.load({ type: 'bundled', name: 'fable-7m' });
    await settle();
    expect(whyNotTune(session)).toBeNull();
  });
});

describe('a model that cannot be tuned', () => {
  const untrainable = {
    kind: 'model',
    message: 'The operator "Fancy" has no gradient rule.',
    where: { node: '/layers.0/Fancy' },
    hint: null,
  } as const;

  it('says so, asks for no estimate, and still writes', async () => {
    const { session, argsOf } = await visit({ model: { untrainable } });
    session.dataset.openText('a.tsv', 'x\tgood\ny\tbad');
    await settle();
    expect(whyNotTune(session)).toBe('This model can write, but it cannot be tuned.');
    session.tune();
    expect(argsOf('tune')).toEqual([]);
    expect(argsOf('estimate')).toEqual([]);
    await session.compare.run();
    expect(session.compare.store.getState().columns[0]?.output.status).toBe('done');
  });
});

describe('a link with a dtype', () => {
  it('loads that graph', async () => {
    const { loaded } = await visit({}, `?model=${REPO}&dtype=q4f16`);
    expect(loaded()).toEqual([{ type: 'hub', repo: REPO, revision: 'main', onnxPath: 'onnx/model_q4f16.onnx' }]);
  });

  it('that there is not lists what there is', async () => {
    const { session, loaded } = await visit({}, `?model=${REPO}&dtype=q5`);
    expect(loaded()).toEqual([]);
    expect(session.chooser.store.getState().lookup).toMatchObject({
      status: 'found',
      note: 'The link asks for q5, which owner/small does not have. It has these:',
    });
  });

  it('takes what this browser keeps without asking the hub', async () => {
    const { loaded, argsOf } = await visit(
      { cached: [kept(REPO), kept(REPO, 'fp32', false)] },
      `?model=${REPO}&dtype=q4`,
    );
    expect(loaded()).toEqual([kept(REPO).source]);
    expect(argsOf('listModel')).toEqual([]);
  });
});

describe('the models this browser keeps', () => {
  const names = (session: Awaited<ReturnType<typeof visit>>['session']) =>
    keptModels(session.modelCache.store.getState()).map(({ name }) => name);
  const cached = [kept('a/one'), kept('a/two'), kept('a/three')];

  it('are listed anew when a model has been loaded', async () => {
    const { session, argsOf } = await visit({ cached });
    expect(names(session)).toEqual(['a/one', 'a/two', 'a/three']);
    session.model.load();
    await settle();
    expect(argsOf('cachedModels')).toHaveLength(2);
  });

  it('of two revisions are two: only the one on its way is arriving, and then in use', () => {
    const main = kept('a/one');
    const source = { type: 'hub', repo: 'a/one', revision: 'v2', onnxPath: 'onnx/model_q4.onnx' } as const;
    const other: CachedModel = { ...main, key: 'a/one@v2 q4', source };
    expect([keptName(main), keptName(other)]).toEqual(['a/one', 'a/one@v2']);
    const state = (phase: ModelState['phase']): ModelState => ({ source, device: 'wasm', lastReady: null, phase });
    const loading = state({ status: 'loading', progress: null, share: 0 });
    expect([keptUse(main, loading), keptUse(other, loading)]).toEqual([null, 'arriving']);
    expect(keptUse({ ...other, source: { ...source, onnxPath: 'onnx/model.onnx' } }, loading)).toBeNull();
    const cancelled = state({ status: 'cancelled' });
    expect(keptUse(other, cancelled)).toBeNull();
  });

  it('of which one is loaded show it in use, and no other graph or revision', async () => {
    const { session } = await visit({ cached, model: { name: 'a/one' } });
    session.model.load(kept('a/one').source);
    await settle();
    const state = session.model.store.getState();
    const v2: CachedModel = { ...kept('a/one'), source: { type: 'hub', repo: 'a/one', revision: 'v2' } };
    expect([kept('a/one'), kept('a/one', 'fp32'), v2].map((one) => keptUse(one, state))).toEqual([
      'in use',
      null,
      null,
    ]);
  });

  it('are deleted only after a while, and undo keeps them', async () => {
    const { session, argsOf, passTime } = await visit({ cached });
    session.modelCache.remove([kept('a/two')]);
    expect(names(session)).toEqual(['a/one', 'a/three']);
    session.modelCache.undo();
    await passTime();
    expect(names(session)).toEqual(['a/one', 'a/two', 'a/three']);
    expect(argsOf('deleteCachedModel')).toEqual([]);
    session.modelCache.remove([kept('a/two')]);
    await passTime();
    expect(argsOf('deleteCachedModel')).toEqual([['a/two q4']]);
    expect(session.modelCache.store.getState()).toMatchObject({ leaving: [], summary: { usedBytes: 200 } });
  });

  it('a second deletion carries out the first', async () => {
    const { session, argsOf, passTime } = await visit({ cached });
    session.modelCache.remove([kept('a/one')]);
    session.modelCache.remove([kept('a/two')]);
    await settle();
    expect(argsOf('deleteCachedModel')).toEqual([['a/one q4']]);
    expect(names(session)).toEqual(['a/three']);
    await passTime();
    expect(names(session)).toEqual(['a/three']);
    expect(argsOf('deleteCachedModel')).toHaveLength(2);
  });

  it('can be deleted all together', async () => {
    const { session, argsOf, passTime } = await visit({ cached });
    session.modelCache.remove(cached);
    await passTime();
    expect(argsOf('deleteCachedModels')).toHaveLength(1);
    expect(argsOf('deleteCachedModel')).toEqual([]);
    expect(names(session)).toEqual([]);
  });

  it('stay listed, with the reason, when they cannot be deleted', async () => {
    const { session, passTime } = await visit({
      cached,
      before: ({ method }) => {
        if (method === 'deleteCachedModel') throw new Error('The storage is locked.');
      },
    });
    session.modelCache.remove([kept('a/one')]);
    await passTime();
    expect(names(session)).toContain('a/one');
    expect(session.modelCache.store.getState().problem?.message).toBe('The storage is locked.');
  });
});
