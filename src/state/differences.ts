/**
 * What differs in the configurations of several runs: only the fields whose values are not all the same, under the names
 * that the form gives them, with units. It explains why the curves of an overlay part.
 */
import type { KeptRun, MethodSettings, TuneSettings, VirtualInit } from '../worker';

export type RunConfig = Pick<KeptRun, 'model' | 'dataset' | 'settings'>;

export interface Difference {
  readonly name: string;
  /** One for each run; null where its method has no such thing. */
  readonly values: readonly (string | null)[];
}

interface Field {
  readonly name: string;
  readonly of: (config: RunConfig) => string | null;
}

const METHODS: Readonly<Record<MethodSettings['type'], string>> = {
  prefix: 'prefix-tuning',
  prompt: 'prompt tuning',
  lora: 'LoRA',
};

const plural = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
const auto = (value: number | 'auto', say: (value: number) => string): string =>
  value === 'auto' ? 'auto' : say(value);

function sayInit(init: VirtualInit): string {
  switch (init.type) {
    case 'text':
      return `text “${init.text}”`;
    case 'vocabulary':
      return 'words of the vocabulary';
    case 'random':
      return 'random numbers';
    case 'zero':
      return 'zeros';
    default:
      return init satisfies never;
  }
}

/** A field of the method; null for the methods that lack it. */
const ofMethod =
  (say: (method: MethodSettings) => string | null) =>
  ({ settings }: RunConfig): string | null =>
    say(settings.method);
const ofSettings =
  (say: (settings: TuneSettings) => string) =>
  ({ settings }: RunConfig): string =>
    say(settings);

function encoderOf(method: MethodSettings): string | null {
  if (method.type === 'lora') return null;
  const width = method.type === 'prefix' ? method.projection : method.encoder;
  return width === null ? 'none' : `${width} wide`;
}

/** In the order of the form. */
const FIELDS: readonly Field[] = [
  { name: 'Model', of: ({ model }) => `${model.name} (${model.dtype})` },
  { name: 'Method', of: ofMethod(({ type }) => METHODS[type]) },
  {
    name: 'Length',
    of: ofMethod((method) => (method.type === 'lora' ? null : plural(method.length, 'virtual token'))),
  },
  { name: 'Rank', of: ofMethod((method) => (method.type === 'lora' ? String(method.rank) : null)) },
  { name: 'Alpha', of: ofMethod((method) => (method.type === 'lora' ? String(method.alpha) : null)) },
  { name: 'Dropout', of: ofMethod((method) => (method.type === 'lora' ? `${method.dropout * 100} %` : null)) },
  { name: 'On', of: ofMethod((method) => (method.type === 'lora' ? method.targets.join(', ') : null)) },
  { name: 'Start', of: ofMethod((method) => (method.type === 'lora' ? null : sayInit(method.init))) },
  { name: 'Encoder', of: ofMethod(encoderOf) },
  {
    name: 'Frozen',
    of: ofMethod((method) => (method.type === 'prefix' ? plural(method.frozenTokens, 'virtual token') : null)),
  },
  { name: 'Learning rate', of: ofSettings(({ learningRate }) => String(learningRate)) },
  { name: 'Steps', of: ofSettings(({ steps }) => plural(steps, 'step')) },
  { name: 'Batch size', of: ofSettings(({ batchSize }) => plural(batchSize, 'row')) },
  { name: 'Micro-batch', of: ofSettings(({ microBatchSize }) => auto(microBatchSize, (rows) => plural(rows, 'row'))) },
  { name: 'Memory budget', of: ofSettings(({ memoryBudgetMiB }) => auto(memoryBudgetMiB, (size) => `${size} MiB`)) },
  { name: 'Warm-up', of: ofSettings(({ warmupSteps }) => plural(warmupSteps, 'step')) },
  { name: 'Weight decay', of: ofSettings(({ weightDecay }) => String(weightDecay)) },
  { name: 'Clip norm', of: ofSettings(({ maxGradNorm }) => String(maxGradNorm)) },
  { name: 'Validate every', of: ofSettings(({ evalEvery }) => plural(evalEvery, 'step')) },
  { name: 'Seed', of: ofSettings(({ seed }) => String(seed)) },
];

export function differences(configs: readonly RunConfig[]): Difference[] {
  const fields = FIELDS.map(({ name, of }) => ({ name, values: configs.map(of) }));
  const all = [{ name: 'Dataset', values: datasetNames(configs) }, ...fields];
  return all.filter(({ values }) => new Set(values).size > 1);
}

/** Two datasets of one name may hold other rows, or be read with another template. */
function datasetNames(configs: readonly RunConfig[]): string[] {
  return configs.map(({ dataset: { id, name } }) => {
    const namesakes = configs.flatMap(({ dataset }) => (dataset.name === name ? [dataset.id] : []));
    const versions = [...new Set(namesakes)];
    return versions.length === 1 ? name : `${name}, version ${versions.indexOf(id) + 1}`;
  });
}
