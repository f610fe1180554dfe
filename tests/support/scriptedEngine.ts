/**
 * A test double of the worker's engine: plays scripts of events to whoever calls it and keeps a list of the calls.
 * It computes nothing; its numbers are made up and only their shape is that of the real engine. `pace` decides when the
 * next event comes, so a test can hold time still.
 */
import { DataError } from '../../src/errors';
import type {
  AdapterFileSummary,
  AdapterShape,
  AdapterSummary,
  CachedModel,
  DatasetProgress,
  DatasetReport,
  DatasetSummary,
  Engine,
  GenerateRequest,
  LoadProgress,
  MethodSettings,
  ModelListing,
  ModelSummary,
  Reading,
  SerialisedError,
  TokenPiece,
  TuneEvent,
  TuneSettings,
} from '../../src/worker/protocol';
import { createScriptedEvaluation, type EvaluationScript } from './scriptedEvaluation';
import { createScriptedLearned } from './scriptedLearned';
import { createScriptedRuns, type RunsScript } from './scriptedRuns';

export interface Script extends RunsScript, EvaluationScript {
  /** Awaited before every event; the default lets pending promises run. */
  readonly pace?: () => Promise<void>;
  readonly progress?: readonly LoadProgress[];
  /** Told by `setDataset` before it answers. */
  readonly reading?: readonly DatasetProgress[];
  /** What `setDataset` answers otherwise than the text says. */
  readonly dataset?: Partial<DatasetSummary>;
  readonly model?: Partial<ModelSummary>;
  readonly listing?: ModelListing;
  readonly cached?: readonly CachedModel[];
  /** Called before each method answers; throw to make it fail. */
  readonly before?: (call: Call) => void;
  readonly events?: (settings: TuneSettings) => readonly TuneEvent[];
  /** Whether a run with these settings does not fit. */
  readonly doesNotFit?: (settings: TuneSettings) => boolean;
  readonly answer?: (request: GenerateRequest) => readonly string[];
}

export interface Call {
  readonly method: keyof Engine;
  readonly args: readonly unknown[];
}

const MODEL: ModelSummary = {
  name: 'fable-7m',
  family: 'llama',
  parameters: 7_084_288,
  dtype: 'q4',
  fileBytes: 5_110_000,
  layers: 8,
  kvHeads: 4,
  headDim: 32,
  vocabSize: 4096,
  contextLength: 512,
  hasChatTemplate: false,
  loraTargets: [
    { role: 'q', module: 'q_proj', numbersPerRank: 8 * (256 + 256) },
    { role: 'k', module: 'k_proj', numbersPerRank: 8 * (256 + 128) },
    { role: 'v', module: 'v_proj', numbersPerRank: 8 * (256 + 128) },
    { role: 'o', module: 'o_proj', numbersPerRank: 8 * (256 + 256) },
  ],
  untrainable: null,
  device: {
    kind: 'wasm',
    description: 'wasm, 2 threads',
    reason: 'This browser offers no hardware WebGPU adapter.',
    selfTestError: null,
  },
};

const TOO_LARGE: SerialisedError = {
  kind: 'device',
  message: 'Training does not fit.',
  where: {},
  hint: 'Let the micro-batch be chosen.',
};

const LISTING: ModelListing = {
  name: MODEL.name,
  commit: null,
  variants: [
    { onnxPath: 'onnx/model_q4.onnx', dtype: 'q4', bytes: 5_110_000, fit: 'fits', fitReason: 'It needs about 0.3 GB.' },
  ],
};

const downloading = (file: string, loaded: number, bytesPerSecond: number): LoadProgress => ({
  status: 'downloading',
  file,
  loaded,
  total: 5_110_000,
  bytesPerSecond,
  secondsLeft: (5_110_000 - loaded) / bytesPerSecond,
  retry: null,
  cached: false,
});

const PROGRESS: readonly LoadProgress[] = [
  downloading('config.json', 900, 9e5),
  downloading('onnx/model_q4.onnx', 2_100_000, 2.1e6),
  downloading('onnx/model_q4.onnx', 5_110_000, 2.4e6),
  { status: 'compiling' },
  { status: 'testing-device' },
  { status: 'ready' },
];

export function createScriptedEngine(script: Script = {}): Engine & { readonly calls: Call[] } {
  const pace = script.pace ?? (() => Promise.resolve());
  const calls: Call[] = [];
  let adapters: AdapterSummary[] = [];
  let cached = script.cached ?? [];
  let loaded: string | null = null;
  let paused = false;
  let stopped = false;
  let silenced = false;
  const begin = (method: keyof Engine, ...args: unknown[]) => {
    calls.push({ method, args });
    script.before?.({ method, args });
  };

  return {
    ...createScriptedRuns(script),
    calls,
    ...createScriptedEvaluation(script),
    ...createScriptedLearned(script),
    async loadModel(source, device, onProgress) {
      begin('loadModel', source, device);
      loaded = null;
      for (const progress of script.progress ?? PROGRESS) {
        await pace();
        onProgress(progress);
      }
      loaded = source.type === 'hub' ? source.repo : MODEL.name;
      return { ...MODEL, name: loaded, ...script.model };
    },
    async unloadModel() {
      begin('unloadModel');
    },
    async listModel(source, device) {
      begin('listModel', source, device);
      await pace();
      return script.listing ?? LISTING;
    },
    async cachedModels() {
      begin('cachedModels');
      const usedBytes = cached.reduce((sum, { bytes }) => sum + bytes, 0);
      return { models: [...cached], storage: 'opfs', usedBytes, quotaBytes: 10_000_000_000 };
    },
    async deleteCachedModel(key) {
      begin('deleteCachedModel', key);
      cached = cached.filter((model) => model.key !== key);
    },
    async deleteCachedModels() {
      begin('deleteCachedModels');
      cached = [];
    },
    async setDataset(source, options, onProgress) {
      begin('setDataset', source, options);
      for (const progress of script.reading ?? []) {
        await pace();
        onProgress(progress);
      }
      await pace();
      const [file] = source.files;
      const summary = summarise(source.name, file === undefined ? '' : await file.blob.text());
      return { ...summary, ...script.dataset, mapping: { ...summary.mapping, ...options.mapping } };
    },
    async estimate(settings) {
      begin('estimate', settings);
      const parameters = parametersOf(settings.method);
      const seconds = adapters.length > 0 ? settings.steps * 0.26 : null;
      return {
        trainableParameters: parameters,
        fraction: parameters / (parameters + MODEL.parameters),
        adapterBytes: parameters * 4 + 96,
        seconds,
        ...(script.doesNotFit?.(settings) === true
          ? { memory: null, memoryProblem: TOO_LARGE }
          : { memory: { memoryBytes: 310e6, microBatchSize: 8, recompute: false }, memoryProblem: null }),
      };
    },
    async tune(settings, onEvent) {
      begin('tune', settings);
      paused = false;
      stopped = false;
      let last: TuneEvent | undefined;
      for (const event of script.events?.(settings) ?? fallingLoss(settings)) {
        await pace();
        if (paused) {
          onEvent({ type: 'paused', step: 0 });
          while (paused && !stopped) await new Promise((resolve) => setTimeout(resolve, 10));
          if (!stopped) onEvent({ type: 'resumed', step: 0 });
        }
        if (stopped) break;
        if (event.type === 'validation' || event.type === 'step') last = event;
        onEvent(event);
      }
      const adapter = adapterOf(
        settings.method,
        `adapter-${adapters.length + 1}`,
        last?.type === 'step' ? last.step : settings.steps,
        loaded ?? MODEL.name,
      );
      adapters.push(adapter);
      const done: Extract<TuneEvent, { type: 'done' }> = {
        type: 'done',
        reason: stopped ? 'stopped' : 'finished',
        adapter,
        message: stopped ? 'Stopped; what it learned is kept.' : 'Finished.',
      };
      onEvent(done);
      return done;
    },
    async pause() {
      begin('pause');
      paused = true;
    },
    async resume() {
      begin('resume');
      paused = false;
    },
    async stop() {
      begin('stop');
      stopped = true;
    },
    async adapters() {
      begin('adapters');
      return {
        usable: adapters.filter(({ model }) => model === loaded),
        others: adapters.filter(({ model }) => model !== loaded),
      };
    },
    async renameAdapter(adapterId, name) {
      begin('renameAdapter', adapterId, name);
      adapters = adapters.map((adapter) => (adapter.id === adapterId ? { ...adapter, name } : adapter));
    },
    async deleteAdapter(adapterId) {
      begin('deleteAdapter', adapterId);
      adapters = adapters.filter(({ id }) => id !== adapterId);
    },
    async compose(firstId, secondId) {
      begin('compose', firstId, secondId);
      const parts = [firstId, secondId].map((id) => adapters.find((adapter) => adapter.id === id));
      const length = parts.reduce(
        (sum, part) => sum + (part && part.shape.method !== 'lora' ? part.shape.length : 0),
        0,
      );
      const made: AdapterSummary = {
        ...adapterOf({ ...PREFIX, length }, `composed-${adapters.length + 1}`, 0, loaded ?? MODEL.name),
        ...UNMEASURED,
        origin: 'composed',
      };
      adapters.push(made);
      return made;
    },
    async evaluate(adapterId) {
      begin('evaluate', adapterId);
      await pace();
      return adapterId === null ? { loss: 2.412, accuracy: 0.47 } : { loss: 0.683, accuracy: 0.71 };
    },
    async generate(request, onText) {
      begin('generate', request);
      silenced = false;
      let text = '';
      let tokens = 0;
      for (const piece of script.answer?.(request) ?? [' good', '.']) {
        await pace();
        if (silenced) break;
        text += piece;
        tokens++;
        onText(piece);
      }
      return { text, tokens, tokensPerSecond: 84.2, reason: silenced ? 'stopped' : 'end' };
    },
    async stopGenerating() {
      begin('stopGenerating');
      silenced = true;
    },
    async describeExport(adapterId): Promise<AdapterFileSummary> {
      begin('describeExport', adapterId);
      const adapter = adapters.find(({ id }) => id === adapterId);
      const length = adapter && adapter.shape.method !== 'lora' ? adapter.shape.length : 0;
      return {
        files: [
          { name: 'adapter_config.json', bytes: 412 },
          { name: 'adapter_model.safetensors', bytes: adapter?.bytes ?? 0 },
        ],
        tensors: [
          {
            name: 'prompt_embeddings',
            dataType: 'F32',
            dims: [length, 2 * MODEL.layers * MODEL.kvHeads * MODEL.headDim],
          },
        ],
      };
    },
    async exportAdapter(adapterId, format) {
      begin('exportAdapter', adapterId, format);
      return { name: format === 'zip' ? `${adapterId}.zip` : 'adapter_model.safetensors', bytes: new Uint8Array(8) };
    },
    async exportForGpus(adapterId, settings) {
      begin('exportForGpus', adapterId, settings);
      return { name: `${adapterId}-gpus.zip`, bytes: new Uint8Array(8) };
    },
    async importAdapter(files) {
      begin('importAdapter', files);
      const imported: AdapterSummary = {
        ...adapterOf({ ...PREFIX, length: 20 }, `imported-${adapters.length + 1}`, 0, loaded ?? MODEL.name),
        ...UNMEASURED,
        origin: 'imported',
      };
      adapters.push(imported);
      return imported;
    },
  };
}

/** A run that learns: validation at 0 and every `evalEvery` steps, a step event each step. */
export function fallingLoss(settings: TuneSettings): TuneEvent[] {
  const { steps, evalEvery, learningRate } = settings;
  const events: TuneEvent[] = [
    { type: 'baseline', loss: 2.412, accuracy: 0.47 },
    { type: 'preparing', what: 'Compiling the training graph' },
  ];
  const validation = (step: number): TuneEvent => ({
    type: 'validation',
    step,
    loss: 0.55 + 1.9 * Math.exp(-step / 45),
    accuracy: 0.75 - 0.28 * Math.exp(-step / 60),
  });
  events.push(validation(0));
  for (let step = 1; step <= steps; step++) {
    events.push({
      type: 'step',
      step,
      steps,
      loss: 0.4 + 2 * Math.exp(-step / 40) + 0.16 * Math.sin(step * 12.9898),
      learningRate,
      gradNorm: 1.1,
      tokensPerSecond: 1540 + 60 * Math.sin(step),
      secondsLeft: (steps - step) * 0.26,
      deviceBytes: 61_000_000,
    });
    if (step % evalEvery === 0 || step === steps) events.push(validation(step));
  }
  return events;
}

const PREFIX = {
  type: 'prefix',
  length: 16,
  init: { type: 'zero' },
  projection: null,
  frozenTokens: 0,
} as const;
const UNMEASURED = { baseLoss: null, loss: null, baseAccuracy: null, accuracy: null, template: null } as const;

function parametersOf(method: MethodSettings): number {
  switch (method.type) {
    case 'prefix':
      return method.length * 2 * MODEL.layers * MODEL.kvHeads * MODEL.headDim;
    case 'prompt':
      return method.length * 256;
    case 'lora':
      return MODEL.loraTargets
        .filter(({ role }) => method.targets.includes(role))
        .reduce((sum, { numbersPerRank }) => sum + method.rank * numbersPerRank, 0);
  }
}

function shapeOf(method: MethodSettings): AdapterShape {
  if (method.type !== 'lora') return { method: method.type, length: method.length };
  const { rank, alpha, targets } = method;
  return {
    method: 'lora',
    rank,
    alpha,
    modules: targets.length * MODEL.layers,
    targets: targets.map((role) => `${role}_proj`),
  };
}

function adapterOf(method: MethodSettings, id: string, steps: number, model: string): AdapterSummary {
  const parameters = parametersOf(method);
  return {
    id,
    name: id,
    model,
    shape: shapeOf(method),
    parameters,
    bytes: parameters * 4 + 96,
    steps,
    baseLoss: 2.4123456,
    loss: 0.6187654,
    baseAccuracy: 0.47,
    accuracy: 0.73,
    origin: 'tuned',
    template: 'Review: {text}\nVerdict: {label}',
  };
}

const READING: Reading = {
  format: 'csv',
  encoding: 'utf-8',
  delimiter: '\t',
  header: false,
  unit: null,
  shape: 'text-label',
  reason: 'Two columns with a tab between them.',
  files: [],
};

/** The report of a dataset of which a test says only what it is about. */
export const reportWith = (change: Partial<DatasetReport>): DatasetReport => ({ ...reportOf(3, 3, []), ...change });

const reportOf = (read: number, usable: number, badLines: readonly number[]): DatasetReport => ({
  read,
  drawn: null,
  usable,
  skipped: badLines.length === 0 ? [] : [{ kind: 'ragged', count: badLines.length, lines: badLines }],
  duplicates: 0,
  contradictions: 0,
  inBothSplits: 0,
  split: 'random',
  lengths: { width: 8, counts: [0, 1, usable - 1] },
  maxTokens: 448,
  maxTokensLimit: 448,
  cutRows: 0,
  cutShare: 0,
});

/** One row per line, `text<TAB>label`; a line without a tab is a bad row. */
function summarise(name: string, text: string): DatasetSummary {
  const lines = text.split('\n').map((line, index) => ({ line: index + 1, cells: line.split('\t') }));
  const rows = lines.filter(({ cells }) => cells.length === 2);
  if (rows.length === 0) throw new DataError(`${name} has no row that can be used.`, { file: name, line: 1 });
  const bad = lines.filter(({ cells }) => cells.length !== 2).map(({ line }) => line);
  const counts = new Map<string, number>();
  for (const { cells } of rows) counts.set(cells[1] ?? '', (counts.get(cells[1] ?? '') ?? 0) + 1);
  const prompt = (cells: readonly string[]) => `Review: ${cells[0]}\nVerdict:`;
  const pieces = (cells: readonly string[]): TokenPiece[] => [
    ...(prompt(cells).match(/\n|\s?[^\s]{1,5}/g) ?? []).map((piece, id) => ({
      id,
      text: piece,
      part: 'context' as const,
    })),
    { id: 1, text: ` ${cells[1]}`, part: 'learned' as const },
    { id: 0, text: '<|end|>', part: 'learned' as const },
  ];
  return {
    name,
    reading: READING,
    columns: ['text', 'label'],
    samples: { text: rows.slice(0, 3).map(({ cells }) => cells[0] ?? ''), label: [...counts.keys()] },
    mapping: {
      system: null,
      inputs: ['text'],
      target: 'label',
      kind: 'plain',
      words: {},
      template: 'Review: {text}\nVerdict: {label}',
      task: 'classification',
    },
    labels: [...counts]
      .map(([label, count]) => ({ label, count, word: label, tokens: [` ${label}`], sameStart: [] }))
      .sort((a, b) => b.count - a.count),
    usableRows: rows.length,
    trainRows: Math.ceil(rows.length * 0.9),
    validationRows: Math.floor(rows.length * 0.1),
    skipped: bad.map((line) => ({ kind: 'ragged' as const, line, reason: 'has no label' })),
    shortened: [],
    report: reportOf(lines.length, rows.length, bad),
    preview: rows.slice(0, 4).map(({ line, cells }) => ({ line, tokens: pieces(cells) })),
    examples: rows.slice(0, 3).map(({ line, cells }) => ({ line, prompt: prompt(cells), target: ` ${cells[1]}` })),
    longestTokens: 43,
    meanTokens: 27.4,
  };
}
