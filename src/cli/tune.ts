/** Headless tuning: the page's engine on wasm, in Node. Writes a PEFT folder and log.jsonl. */
import { constants, createWriteStream, openAsBlob } from 'node:fs';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { unzipSync } from 'fflate';
import { DataError, PreludeError } from '../errors';
import { singleModelLibrary } from '../models';
import { LEARNING_RATES } from '../worker';
import { PreludeEngine } from '../worker/engine';
import type {
  DatasetSource,
  DatasetSummary,
  MemoryEstimate,
  MethodSettings,
  TuneEvent,
  TuneSettings,
  VirtualInit,
} from '../worker/protocol';
import { modelFolder } from './localFolder';
import { parseOptions, type TuneOptions } from './options';
import { traceFolder } from './traceFolder';

const DEFAULT_STEPS = 150;
const VALIDATIONS_PER_RUN = 5;

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const files = await modelFolder(options.model);
  const engine = new PreludeEngine({
    models: singleModelLibrary(files),
    threads: availableParallelism(),
    ...(options.trace !== undefined && { trace: traceFolder(options.trace) }),
  });
  const model = await engine.loadModel({ type: 'bundled', name: files.name }, 'wasm', () => {});
  say(`${model.name}: ${model.parameters.toLocaleString('en')} parameters, ${model.device.description}`);

  const data = await engine.setDataset(
    await dataFile(options.data),
    { mapping: mappingOf(options), validationFraction: options.validation, seed: options.seed },
    () => {},
  );
  for (const { line, column, reason } of data.skipped) say(`line ${line}${column ? `, ${column}` : ''}: ${reason}`);
  say(`${data.trainRows} rows train, ${data.validationRows} validate; ${JSON.stringify(data.mapping.template)}`);

  await mkdir(options.out, { recursive: true });
  const log = createWriteStream(join(options.out, 'log.jsonl'));
  const started = performance.now();
  const settings = settingsOf(options, data);
  const { memory } = await engine.estimate(settings);
  if (memory) say(sayMemory(memory));
  const done = await engine.tune(settings, (event) => {
    record(event, (entry) => log.write(`${JSON.stringify(entry)}\n`), say);
  });
  await new Promise((resolve) => log.end(resolve));
  const seconds = (performance.now() - started) / 1000;

  const { bytes } = await engine.exportAdapter(done.adapter.id, 'zip');
  for (const [name, content] of Object.entries(unzipSync(bytes)))
    await writeFile(join(options.out, basename(name)), content);
  if (options.gpus !== undefined)
    await writeFile(options.gpus, (await engine.exportForGpus(done.adapter.id, settings)).bytes);
  say(`${done.message} Written to ${options.out}.`);
  if (options.json) {
    const { adapter } = done;
    const result = {
      steps: adapter.steps,
      seconds: Number(seconds.toFixed(2)),
      val_loss_before: adapter.baseLoss,
      val_loss_after: adapter.loss,
      accuracy_before: adapter.baseAccuracy,
      accuracy_after: adapter.accuracy,
      trainable_parameters: adapter.parameters,
      adapter_bytes: adapter.bytes,
      backend: model.device.kind,
    };
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
  await engine.unloadModel();
}

/** Read as it is needed, not at once. */
async function dataFile(path: string): Promise<DatasetSource> {
  try {
    await access(path, constants.R_OK);
    return { key: path, name: basename(path), files: [{ path: basename(path), blob: await openAsBlob(path) }] };
  } catch (cause) {
    throw new DataError(`${path} cannot be read.`, { file: path }, 'Give a file with --data.', { cause });
  }
}

function mappingOf(options: TuneOptions) {
  const { 'input-column': input, 'target-column': target, template } = options;
  return {
    ...(input !== undefined && { inputs: input.split(',') }),
    ...(target !== undefined && { target }),
    ...(template !== undefined && { template: template.replaceAll('\\n', '\n') }),
  };
}

function settingsOf(options: TuneOptions, data: DatasetSummary): TuneSettings {
  const batchSize = Math.min(options.batch, data.trainRows);
  const epochSteps = Math.ceil(data.trainRows / batchSize);
  const steps = options.steps ?? (options.epochs ? Math.ceil(options.epochs * epochSteps) : DEFAULT_STEPS);
  return {
    method: methodOf(options, data),
    steps,
    learningRate: options.lr ?? LEARNING_RATES[options.method],
    batchSize,
    microBatchSize: 'auto',
    memoryBudgetMiB: options['memory-budget'] ?? totalmem() / 2 ** 21,
    warmupSteps: Math.ceil(steps / 20),
    weightDecay: 0,
    maxGradNorm: 1,
    evalEvery: Math.ceil(steps / VALIDATIONS_PER_RUN),
    seed: options.seed,
  };
}

function methodOf(options: TuneOptions, data: DatasetSummary): MethodSettings {
  const { length, projection = null, 'frozen-tokens': frozenTokens, encoder = null } = options;
  const { rank, alpha, dropout, targets } = options;
  switch (options.method) {
    case 'prefix':
      return { type: 'prefix', length, init: initOf(options, data), projection, frozenTokens };
    case 'prompt':
      return { type: 'prompt', length, init: initOf(options, data), encoder };
    case 'lora':
      return { type: 'lora', rank, alpha, dropout, targets };
    default:
      return options.method satisfies never;
  }
}

function initOf(options: TuneOptions, { mapping, labels }: DatasetSummary): VirtualInit {
  switch (options.init) {
    case 'text':
      return {
        type: 'text',
        text:
          options['init-text'] ??
          defaultText(
            mapping.target,
            labels.map(({ label }) => label),
          ),
      };
    case 'vocab':
      return { type: 'vocabulary' };
    case 'random':
    case 'zero':
      return { type: options.init };
    default:
      return options.init satisfies never;
  }
}

const defaultText = (target: string, labels: readonly string[]): string =>
  labels.length > 0
    ? `Read the text and say the ${target}. It is one of these: ${labels.join(', ')}.`
    : `Read the text and write the ${target}.`;

const sayMemory = ({ memoryBytes, ...parts }: MemoryEstimate): string =>
  `about ${Math.ceil(memoryBytes / 2 ** 20)} MiB of memory, ${sayParts(parts)}`;

const sayParts = ({ microBatchSize, recompute }: Omit<MemoryEstimate, 'memoryBytes'>): string =>
  `in micro-batches of ${microBatchSize}${recompute ? ', each layer computed twice' : ''}`;

type LogEntry = Record<string, number | null>;

function record(event: TuneEvent, write: (entry: LogEntry) => void, say: (line: string) => void): void {
  if (event.type === 'step') {
    const { step, loss, learningRate: lr, gradNorm: grad_norm, tokensPerSecond } = event;
    write({ step, loss, lr, grad_norm, tokens_per_s: Math.round(tokensPerSecond) });
    if (step % 10 === 0)
      say(`step ${step}/${event.steps}  loss ${loss.toFixed(4)}  ${Math.round(event.secondsLeft)} s left`);
  }
  if (event.type === 'smaller') {
    const { step, microBatchSize, recompute } = event;
    say(`step ${step}: out of memory, done again ${sayParts({ microBatchSize, recompute })}`);
  }
  if (event.type === 'validation') {
    const accuracy = event.accuracy === null ? '' : `, accuracy ${(event.accuracy * 100).toFixed(1)} %`;
    say(`step ${event.step}  validation loss ${event.loss.toFixed(4)}${accuracy}`);
  }
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    const known = error instanceof PreludeError;
    const where = known && Object.keys(error.where).length > 0 ? ` (${JSON.stringify(error.where)})` : '';
    process.stderr.write(
      known ? `${error.message}${where}\n${error.hint ?? ''}\n` : `${(error as Error).stack ?? error}\n`,
    );
    process.exit(1);
  },
);
