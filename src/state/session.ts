/**
 * One visit to the page: the stores, and what follows from what. Model ready → the dataset is read with its tokenizer;
 * dataset read → settings and prompt are suggested; run done → its adapter is shown in Compare and chosen in Export; run of a sweep done → its adapter is in the library;
 * held-out rows measured → they can be voted on.
 */
import type { Engine, ExportedFile } from '../worker';
import type { Adapters } from './adapters';
import { createAdapters } from './adapters';
import type { Applying } from './applying';
import { createApplying } from './applying';
import type { Chooser } from './chooser';
import { createChooser } from './chooser';
import type { Compare } from './compare';
import { createCompare } from './compare';
import type { Dataset } from './dataset';
import { createDataset, shownDataset, usableDataset } from './dataset';
import { skippedCsv } from './datasetReport';
import type { Estimate } from './estimate';
import { createEstimate } from './estimate';
import type { Evaluation } from './evaluation';
import { createEvaluation } from './evaluation';
import type { Exporting } from './exporting';
import { createExporting } from './exporting';
import type { HubToken } from './hubToken';
import { createHubToken } from './hubToken';
import { datasetFiles, datasetName } from './intake';
import type { Learned } from './learned';
import { createLearned } from './learned';
import { nowLookedAt } from './lookedAt';
import { usualTargets } from './loraTargets';
import type { Model } from './model';
import { createModel, summaryOf } from './model';
import { modelAddress } from './modelAddress';
import type { ModelCache } from './modelCache';
import { createModelCache } from './modelCache';
import type { Proof } from './proof';
import { createProof } from './proof';
import type { Run } from './run';
import { createRun, latestRun } from './run';
import type { Runs } from './runs';
import { createRuns, settingsOf } from './runs';
import type { FetchSample, Sample, Samples } from './samples';
import { createSamples, sampleMapping } from './samples';
import type { Delay, Schedule } from './schedule';
import type { Settings } from './settings';
import { createSettings, suggestInitText, toTuneSettings } from './settings';
import type { Sweep, SweepPageState } from './sweep';
import { createSweep, sweepProgress } from './sweep';
import { readForm } from './sweepForm';
import type { UrlState } from './url';
import type { Voting } from './voting';
import { createVoting } from './voting';
import { settingsIssues, whyNotSweep, whyNotTrain, whyNotTune } from './whyNot';

export interface SessionOptions {
  readonly url: UrlState;
  readonly schedule: Schedule;
  /** Before a deletion is carried out. */
  readonly delay: Delay;
  readonly fetchSample: FetchSample;
  /** Hands a file to the browser's downloads. */
  readonly save: (file: ExportedFile) => void;
}

export interface Session extends Proof {
  readonly model: Model;
  readonly chooser: Chooser;
  readonly hubToken: HubToken;
  readonly modelCache: ModelCache;
  readonly dataset: Dataset;
  readonly samples: Samples;
  readonly settings: Settings;
  readonly estimate: Estimate;
  readonly run: Run;
  readonly sweep: Sweep;
  readonly runs: Runs;
  readonly adapters: Adapters;
  readonly compare: Compare;
  readonly learned: Learned;
  readonly evaluation: Evaluation;
  readonly voting: Voting;
  readonly exporting: Exporting;
  readonly applying: Applying;
  /** Loads the model that the link names and lists the samples. */
  begin(): void;
  openSample(sample: Sample): Promise<void>;
  /** One dataset, however many files it is. */
  openFiles(files: readonly File[]): void;
  /** The list of rows that are not used, for a spreadsheet. */
  downloadSkipped(): Promise<void>;
  tune(): void;
  startSweep(): void;
  /** Takes up a sweep that was stopped, or cut off when the page was closed. */
  resumeSweep(id: string): void;
  /** Space bar: pauses a run or lets it go on. */
  togglePause(): void;
  importAdapter(files: readonly File[]): Promise<void>;
  composeAdapters(firstId: string, secondId: string): Promise<void>;
  /** Shows an adapter in Compare and chooses it in Export. */
  chooseAdapter(id: string): void;
  /** Hands over the adapter of Export with the settings of its run; where none is known, those that stand in Tune. */
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
  const sweep = createSweep(engine, schedule, delay);
  const runs = createRuns(engine, { delay, save, settings, onDeleted: () => void adapters.refresh() });
  const adapters: Adapters = createAdapters(engine, delay, () => void runs.refresh());
  const compare = createCompare(engine, schedule, url.prompt);
  const learned = createLearned(engine);
  const evaluation = createEvaluation(engine);
  const voting = createVoting();
  const exporting = createExporting(engine, save);
  const applying = createApplying(engine, save);

  const issues = () => settingsIssues(session);
  const askEstimate = () => {
    const summary = summaryOf(model.store.getState());
    if (summary === null || summary.untrainable !== null || issues().some(({ level }) => level === 'error')) return;
    estimate.ask(toTuneSettings(settings.store.getState()));
  };
  const askPlan = () => {
    const read = readForm(sweep.store.getState().form, settings.store.getState());
    if (read.ok) sweep.ask(read.settings);
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
    void runs.refresh();
    adapters.forgetMeasurements();
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
    void runs.refresh();
    askEstimate();
  });
  settings.store.subscribe((now, before) => {
    // What another method weighs says nothing of this one.
    if (now.method !== before.method) estimate.clear();
    askEstimate();
    askPlan();
  });
  run.store.subscribe((now, before) => void runs.follow(latestRun(now), latestRun(before)));
  sweep.store.subscribe((now, before) => {
    void runs.follow(now.live, before.live);
    if (endedRuns(now) > endedRuns(before)) void adapters.refresh();
    if (now.form !== before.form) askPlan();
    if (now.phase === 'idle' && before.phase !== 'idle') askEstimate();
  });

  evaluation.store.subscribe(({ measured }, before) => {
    if (measured !== null && measured !== before.measured) voting.begin(measured);
  });

  const session: Session = {
    ...createProof({ model, dataset, compare, adapters, evaluation, exporting, applying }, save),
    model,
    chooser,
    hubToken,
    modelCache,
    dataset,
    samples,
    settings,
    estimate,
    run,
    sweep,
    runs,
    adapters,
    compare,
    learned,
    evaluation,
    voting,
    exporting,
    applying,
    begin() {
      void runs.refresh();
      void sweep.refresh();
      askPlan();
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
      if (text !== null) dataset.openText(sample.file, text, sampleMapping(sample));
    },
    openFiles(chosen) {
      const files = datasetFiles(chosen);
      if (files.length > 0) dataset.open(datasetName(files), files);
    },
    async downloadSkipped() {
      const shown = shownDataset(dataset.store.getState());
      if (shown === null) return;
      const { name, skipped } = shown.summary;
      save({ name: `${name}-skipped.csv`, bytes: new TextEncoder().encode(await skippedCsv(skipped)) });
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
    startSweep() {
      const read = readForm(sweep.store.getState().form, settings.store.getState());
      if (whyNotSweep(session) === null && read.ok) void sweep.start(read.settings);
    },
    resumeSweep(id) {
      if (whyNotTrain(session) === null) void sweep.resume(id);
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
      const ofThisVisit = run.store.getState().runs.find(({ adapter }) => adapter?.id === adapterId)?.settings;
      const ofItsRun = ofThisVisit ?? settingsOf(runs.store.getState(), adapterId);
      return exporting.writeForGpus(ofItsRun ?? toTuneSettings(settings.store.getState()));
    },
  };
  return session;
}

const endedRuns = ({ current }: SweepPageState): number => (current ? sweepProgress(current).ended : 0);

function sampleOf(samples: Samples, datasetName: string): Sample | undefined {
  return samples.store.getState().list?.find(({ file }) => file === datasetName);
}
