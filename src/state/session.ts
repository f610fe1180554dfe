/**
 * One visit to the page: the stores, and what follows from what. Model ready → the dataset is read with its tokenizer;
 * dataset read → settings and prompt are suggested; run done → its adapter is shown in Compare and chosen in Export.
 */
import type { Engine, ExportedFile } from '../worker';
import type { Adapters } from './adapters';
import { createAdapters } from './adapters';
import type { Chooser } from './chooser';
import { createChooser } from './chooser';
import type { Compare } from './compare';
import { createCompare } from './compare';
import type { Dataset } from './dataset';
import { createDataset, usableDataset } from './dataset';
import type { Estimate } from './estimate';
import { createEstimate } from './estimate';
import type { Exporting } from './exporting';
import { createExporting } from './exporting';
import type { HubToken } from './hubToken';
import { createHubToken } from './hubToken';
import type { Learned } from './learned';
import { createLearned } from './learned';
import { nowLookedAt } from './lookedAt';
import { usualTargets } from './loraTargets';
import type { Model } from './model';
import { createModel, summaryOf } from './model';
import { modelAddress } from './modelAddress';
import type { ModelCache } from './modelCache';
import { createModelCache } from './modelCache';
import { readText } from './readText';
import type { Run } from './run';
import { createRun, isActive, latestRun } from './run';
import type { FetchSample, Sample, Samples } from './samples';
import { createSamples } from './samples';
import type { Delay, Schedule } from './schedule';
import type { Settings } from './settings';
import { createSettings, suggestInitText, toTuneSettings } from './settings';
import type { SettingsContext, SettingsIssue } from './settingsRules';
import { checkSettings } from './settingsRules';
import type { UrlState } from './url';

export interface SessionOptions {
  readonly url: UrlState;
  readonly schedule: Schedule;
  /** Before a deletion is carried out. */
  readonly delay: Delay;
  readonly fetchSample: FetchSample;
  /** Hands a file to the browser's downloads. */
  readonly save: (file: ExportedFile) => void;
}

export interface Session {
  readonly model: Model;
  readonly chooser: Chooser;
  readonly hubToken: HubToken;
  readonly modelCache: ModelCache;
  readonly dataset: Dataset;
  readonly samples: Samples;
  readonly settings: Settings;
  readonly estimate: Estimate;
  readonly run: Run;
  readonly adapters: Adapters;
  readonly compare: Compare;
  readonly learned: Learned;
  readonly exporting: Exporting;
  /** Loads the model that the link names and lists the samples. */
  begin(): void;
  openSample(sample: Sample): Promise<void>;
  openFile(file: File): Promise<void>;
  tune(): void;
  /** Space bar: pauses a run or lets it go on. */
  togglePause(): void;
  importAdapter(files: readonly File[]): Promise<void>;
  composeAdapters(firstId: string, secondId: string): Promise<void>;
  /** Shows an adapter in Compare and chooses it in Export. */
  chooseAdapter(id: string): void;
  /** Hands over the adapter of Export with the settings of its run; of an earlier visit's, those that stand in Tune. */
  continueOnGpus(): Promise<void>;
}

export function createSession(engine: Engine, { url, schedule, delay, fetchSample, save }: SessionOptions): Session {
  const hubToken = createHubToken();
  const model = createModel(engine, { source: url.model, device: url.device }, hubToken.attach);
  const chooser = createChooser(engine, model, hubToken);
  const modelCache = createModelCache(engine, delay);
  const dataset = createDataset(engine);
  const samples = createSamples(fetchSample);
  const settings = createSettings(url.settings);
  const estimate = createEstimate(engine);
  const run = createRun(engine, schedule);
  const adapters = createAdapters(engine, delay);
  const compare = createCompare(engine, schedule, url.prompt);
  const learned = createLearned(engine);
  const exporting = createExporting(engine, save);

  const issues = () => settingsIssues(session);
  const askEstimate = () => {
    const summary = summaryOf(model.store.getState());
    if (summary === null || summary.untrainable !== null || issues().some(({ level }) => level === 'error')) return;
    estimate.ask(toTuneSettings(settings.store.getState()));
  };
  const chooseAdapter = (id: string) => {
    compare.show(id);
    exporting.selectAdapter(id);
  };
  /** Of the present model, if there is one; else of those before. */
  const newestAdapter = () => {
    const { list, others } = adapters.store.getState();
    return (list.at(-1) ?? others.at(-1))?.id ?? null;
  };

  /** A link's model and dtype; what this browser keeps of them needs no network. */
  const openLinkedModel = async (dtype: string) => {
    await modelCache.refresh();
    const address = modelAddress(url.model);
    const kept = modelCache.store
      .getState()
      .summary?.models.find((one) => one.complete && one.dtype === dtype && modelAddress(one.source) === address);
    if (kept) model.load(kept.source);
    else chooser.open(url.model, dtype);
  };

  model.store.subscribe(({ phase }, before) => {
    const settled = before.phase.status === 'loading' && phase.status !== 'loading';
    if (settled) void modelCache.refresh();
  });
  model.store.subscribe((now, before) => {
    const summary = summaryOf(now);
    if (summary === summaryOf(before)) return;
    dataset.setModelReady(summary !== null);
    if (summary === null) {
      estimate.clear();
      return;
    }
    settings.suggest({ targets: usualTargets(summary.loraTargets) });
    void adapters.refresh().then(() => {
      const { list } = adapters.store.getState();
      const chosen = exporting.store.getState().adapterId;
      if (!list.some(({ id }) => id === chosen)) exporting.selectAdapter(newestAdapter());
    });
    askEstimate();
  });
  adapters.store.subscribe(({ list, others }, before) => {
    if (list === before.list && others === before.others) return;
    compare.setAdapters(list.map(({ id }) => id));
    const chosen = exporting.store.getState().adapterId;
    if (![...list, ...others].some(({ id }) => id === chosen)) exporting.selectAdapter(newestAdapter());
  });

  /** What was learned is told of the adapter that came into Compare last. */
  compare.store.subscribe(({ columns }, { columns: before }) => {
    if (columns === before) return;
    const { list } = adapters.store.getState();
    learned.choose(nowLookedAt(learned.store.getState().adapter, list, columns, before));
  });

  dataset.store.subscribe((now, before) => {
    if (now.current === null || now.current === before.current) return;
    const { summary } = now.current;
    const sample = sampleOf(samples, summary.name);
    settings.suggest({
      initText: sample?.initText ?? suggestInitText(summary),
      ...(sample?.steps !== undefined && { steps: sample.steps }),
    });
    compare.offer(summary.examples);
    adapters.forgetMeasurements();
    learned.forgetMeasurements();
    askEstimate();
  });
  settings.store.subscribe((now, before) => {
    // What another method weighs says nothing of this one.
    if (now.method !== before.method) estimate.clear();
    askEstimate();
  });

  const session: Session = {
    model,
    chooser,
    hubToken,
    modelCache,
    dataset,
    samples,
    settings,
    estimate,
    run,
    adapters,
    compare,
    learned,
    exporting,
    begin() {
      if (url.dtype === null) model.load();
      else void openLinkedModel(url.dtype);
      void samples.list().then(() => {
        const wanted = samples.store.getState().list?.find(({ name }) => name === url.sample);
        if (wanted) void session.openSample(wanted);
        else if (url.sample !== null) samples.reject(url.sample);
      });
    },
    async openSample(sample) {
      const text = await samples.open(sample);
      if (text !== null) dataset.open(sample.file, text);
    },
    async openFile(file) {
      try {
        dataset.open(file.name, readText(file.name, new Uint8Array(await file.arrayBuffer())));
      } catch (thrown) {
        dataset.reject(file.name, thrown);
      }
    },
    tune() {
      const current = usableDataset(dataset.store.getState());
      const summary = summaryOf(model.store.getState());
      if (whyNotTune(session) !== null || current === null || summary === null) return;
      const subject = { dataset: current.summary.name, model: summary.name };
      void run.start(toTuneSettings(settings.store.getState()), subject).then(async () => {
        await adapters.refresh();
        const adapter = latestRun(run.store.getState())?.adapter;
        if (adapter) chooseAdapter(adapter.id);
        askEstimate();
      });
    },
    togglePause() {
      const record = latestRun(run.store.getState());
      if (record?.phase === 'paused') run.resume();
      else if (record?.phase === 'running') run.pause();
    },
    async importAdapter(files) {
      const adapter = await adapters.import(files);
      if (adapter !== null) chooseAdapter(adapter.id);
    },
    async composeAdapters(firstId, secondId) {
      const adapter = await adapters.compose(firstId, secondId);
      if (adapter !== null) chooseAdapter(adapter.id);
    },
    chooseAdapter,
    continueOnGpus() {
      const { adapterId } = exporting.store.getState();
      const itsRun = run.store.getState().runs.find(({ adapter }) => adapter?.id === adapterId);
      return exporting.writeForGpus(itsRun?.settings ?? toTuneSettings(settings.store.getState()));
    },
  };
  return session;
}

function sampleOf(samples: Samples, datasetName: string): Sample | undefined {
  return samples.store.getState().list?.find(({ file }) => file === datasetName);
}

function settingsContext({ model, dataset }: Pick<Session, 'model' | 'dataset'>): SettingsContext {
  const summary = summaryOf(model.store.getState());
  return {
    contextLength: summary?.contextLength ?? null,
    longestTokens: usableDataset(dataset.store.getState())?.summary.longestTokens ?? null,
    loraTargets: summary?.loraTargets ?? null,
  };
}

export function settingsIssues(session: Pick<Session, 'model' | 'dataset' | 'settings'>): SettingsIssue[] {
  return checkSettings(session.settings.store.getState(), settingsContext(session));
}

/** Why Tune cannot start now, in one sentence; null when it can. */
export function whyNotTune(
  session: Pick<Session, 'model' | 'dataset' | 'settings' | 'estimate' | 'run'>,
): string | null {
  const { phase } = session.model.store.getState();
  const { current, pending, fits } = session.dataset.store.getState();
  if (isActive(latestRun(session.run.store.getState()))) return 'A run is under way; the strip below steers it.';
  if (phase.status === 'loading') return 'The model is still loading.';
  if (phase.status !== 'ready') return 'Load a model first.';
  if (phase.summary.untrainable !== null) return 'This model can write, but it cannot be tuned.';
  if (pending !== null) return 'The dataset is being read.';
  if (current === null) return 'Choose a dataset first.';
  if (!fits) return `This model cannot read ${current.input.name}; Data says why.`;
  const issue = settingsIssues(session).find(({ level }) => level === 'error');
  if (issue !== undefined) return issue.message;
  const { value } = session.estimate.store.getState();
  return value?.memoryProblem ? 'This run does not fit in memory; the reason stands above.' : null;
}
