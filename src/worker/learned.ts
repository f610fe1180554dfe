/** What an adapter learned, in figures: the engine's part that looks inside, and the plain data that comes of it. */
import { encodePair, TextStream } from '../data';
import { AdapterError, DataError } from '../errors';
import {
  attentionShares,
  type DeviceAdapter,
  loraNorms,
  neighbourhood,
  prefixNorms,
  rowLengths,
  textNorms,
  withoutLayer,
} from '../inference';
import type { AdapterValues } from '../tuning';
import type {
  AblationEvent,
  AblationFigure,
  AttentionFigure,
  AttentionRequest,
  LayerAblation,
  LearnedEngine,
  NeighboursFigure,
  NormsFigure,
} from './learnedProtocol';
import { measuring } from './measuring';
import type { OpenModel } from './openModel';
import type { PreparedDataset } from './preparedDataset';

/** Held-out rows that every layer is measured on: enough to tell layers apart, and a model has dozens of layers. */
const ABLATION_ROWS = 40;
/** Texts whose keys and values a prefix is compared to. */
const COMPARED_TEXTS = 8;
const SAMPLE_TEXT = 'The sun was warm that day, and the children went down to the river to see the boats go by.';
/** Of the nearest tokens. */
const NEAREST = 5;

/** An adapter with the model that uses it. */
export interface InUse {
  readonly model: OpenModel;
  readonly values: AdapterValues;
  readonly onDevice: DeviceAdapter;
}

export interface LearnedOptions {
  /** @throws PreludeError where the loaded model cannot use it */
  readonly inUse: (adapterId: string, model: OpenModel, rows?: PreparedDataset) => Promise<InUse>;
  readonly dataset: () => PreparedDataset | null;
  /** @throws DataError where there is none */
  readonly data: () => PreparedDataset;
  /** Keeps the loaded model, and the adapters on its device, until the work is done. */
  readonly whileRead: <T>(work: (model: OpenModel) => Promise<T>) => Promise<T>;
}

export class Learned implements LearnedEngine {
  private ablation: { stopped: boolean } = { stopped: false };

  constructor(private readonly options: LearnedOptions) {}

  async attention(request: AttentionRequest): Promise<AttentionFigure> {
    return this.using(request.adapterId, (use) => attentionFigure(use, request));
  }

  async ablate(adapterId: string, onEvent: (event: AblationEvent) => void): Promise<AblationFigure> {
    const { inUse, data, whileRead } = this.options;
    // One at a time: they would only slow each other down. And at once, so that a stop that comes early counts.
    this.ablation.stopped = true;
    const ablation = { stopped: false };
    this.ablation = ablation;
    return whileRead(async (model) => {
      const dataset = data();
      const use = await inUse(adapterId, model, dataset);
      return ablationFigure(use, dataset, onEvent, () => ablation.stopped);
    });
  }

  async stopAblating(): Promise<void> {
    this.ablation.stopped = true;
  }

  async norms(adapterId: string): Promise<NormsFigure> {
    return this.using(adapterId, (use) => normsFigure(use, this.options.dataset()));
  }

  async neighbours(adapterId: string): Promise<NeighboursFigure> {
    return this.using(adapterId, neighboursFigure);
  }

  private using<T>(adapterId: string, work: (use: InUse) => Promise<T>): Promise<T> {
    const { inUse, whileRead } = this.options;
    return whileRead(async (model) => work(await inUse(adapterId, model)));
  }
}

async function attentionFigure({ model, onDevice }: InUse, request: AttentionRequest): Promise<AttentionFigure> {
  if (onDevice.kind !== 'prefix') {
    throw new AdapterError(
      'This adapter puts nothing in front of the text that the model could look at.',
      {},
      'Choose a prefix or a prompt, or look at its layers and the size of its updates.',
    );
  }
  const { tokenizer, loaded, kernels, config } = model;
  const promptText = request.format === 'chat' ? tokenizer.chatPrompt(request.prompt) : request.prompt;
  const { prompt: promptIds, target: answerIds } = encodePair(promptText, request.answer, tokenizer);
  if (promptIds.length === 0) throw new DataError('The prompt is empty.', {}, 'Type a prompt, or take an example.');
  const taken = onDevice.prefix.length + promptIds.length + answerIds.length;
  if (taken > config.contextLength) {
    throw new DataError(
      `The text is too long: behind the virtual tokens it ends at ${taken}, and the model reads ${config.contextLength} tokens.`,
      {},
      'Shorten the prompt or the answer.',
    );
  }
  return {
    virtualTokens: onDevice.prefix.length,
    promptTokens: promptIds.length,
    answerTokens: answerIds.length,
    layers: await attentionShares(loaded, kernels, onDevice.prefix, { promptIds, answerIds }),
  };
}

async function ablationFigure(
  { model, values, onDevice }: InUse,
  dataset: PreparedDataset,
  onEvent: (event: AblationEvent) => void,
  isStopped: () => boolean,
): Promise<AblationFigure> {
  const { sequences, choices } = dataset.validation;
  const rows = Math.min(ABLATION_ROWS, sequences.length / choices);
  const measure = measuring(model, {
    ...dataset,
    validation: { sequences: sequences.slice(0, rows * choices), choices },
  });
  const [alone, whole] = [await measure(null), await measure(onDevice)];
  const count = model.loaded.decoder.layers.length;
  onEvent({ type: 'begun', layers: count, rows, alone, whole });
  const layers: LayerAblation[] = [];
  for (let layer = 0; layer < count && !isStopped(); layer++) {
    const { adapter, dispose } = withoutLayer(model.loaded, values, onDevice, layer);
    try {
      const result = { layer, ...(await measure(adapter)) };
      layers.push(result);
      onEvent({ type: 'layer', result });
    } finally {
      dispose();
    }
  }
  return { rows, alone, whole, layers, stopped: layers.length < count };
}

async function normsFigure({ model, values }: InUse, dataset: PreparedDataset | null): Promise<NormsFigure> {
  switch (values.method) {
    case 'prefix': {
      const texts = dataset
        ? dataset.train.slice(0, COMPARED_TEXTS).map(({ tokenIds }) => tokenIds)
        : [model.tokenizer.encode(SAMPLE_TEXT)];
      const text = await textNorms(model.loaded, texts);
      const layers = prefixNorms(values).flatMap((prefix, layer) => {
        const own = text[layer];
        return own ? [{ prefix, text: own }] : [];
      });
      return { method: 'prefix', layers, comparedTo: dataset ? 'dataset' : 'sample' };
    }
    case 'prompt': {
      const { meanNorm } = await neighbourhood(model.loaded, values, vocabularyOf(model), 1);
      return { method: 'prompt', tokens: rowLengths(values.values, values.hidden), vocabulary: meanNorm };
    }
    case 'lora':
      return { method: 'lora', modules: loraNorms(values) };
    default:
      return values satisfies never;
  }
}

async function neighboursFigure({ model, values }: InUse): Promise<NeighboursFigure> {
  if (values.method !== 'prompt') {
    throw new AdapterError(
      'Only the tokens of a prompt lie among the words of the vocabulary.',
      {},
      'Choose an adapter of prompt tuning.',
    );
  }
  const { tokenizer, loaded } = model;
  const { nearest } = await neighbourhood(loaded, values, vocabularyOf(model), NEAREST);
  // Behind other text, since some tokenizers drop the space in front of a text's first word.
  const before = tokenizer.encode('.').slice(-1);
  const textOf = (id: number): string => {
    const stream = new TextStream(tokenizer, before);
    return stream.push(id) + stream.end();
  };
  return { tokens: nearest.map((tokens) => tokens.map(({ id, cosine }) => ({ id, text: textOf(id), cosine }))) };
}

/** Tables may have rows of padding behind the last token. */
const vocabularyOf = ({ config, tokenizer }: OpenModel): number => Math.min(config.vocabSize, tokenizer.vocabularySize);
