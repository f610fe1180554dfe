/** Writing: texts from the loaded model, with an adapter or alone, and its pace. */
import { TextStream } from '../data';
import { cachedReader, type DeviceAdapter, generate, originalReader, slotsOf } from '../inference';
import { Random } from '../tuning';
import type { OpenModel } from './openModel';
import type { GenerateRequest, GenerateResult } from './protocol';

export interface WriterOptions {
  /** @throws PreludeError where the model cannot use it */
  readonly usable: (adapterId: string | null, model: OpenModel) => Promise<DeviceAdapter | null>;
  /** Keeps the loaded model, and the adapters on its device, until the work is done. */
  readonly whileRead: <T>(work: (model: OpenModel) => Promise<T>) => Promise<T>;
}

interface Generation {
  stopped: boolean;
}

export class Writer {
  private readonly underWay = new Set<Generation>();

  constructor(private readonly options: WriterOptions) {}

  /** Also those that still wait for the model or the adapter. */
  stop(): void {
    for (const generation of this.underWay) generation.stopped = true;
  }

  async write(request: GenerateRequest, onText: (piece: string) => void): Promise<GenerateResult> {
    const { usable, whileRead } = this.options;
    // Before anything is waited for, so that a stop that comes early counts.
    const generation = { stopped: false };
    this.underWay.add(generation);
    try {
      return await whileRead(async (model) =>
        this.generated(model, await usable(request.adapterId, model), request, generation, onText),
      );
    } finally {
      this.underWay.delete(generation);
    }
  }

  private async generated(
    { loaded, kernels, tokenizer, config, original }: OpenModel,
    adapter: DeviceAdapter | null,
    { prompt, format, sampling }: GenerateRequest,
    generation: Generation,
    onText: (piece: string) => void,
  ): Promise<GenerateResult> {
    const promptIds = tokenizer.encode(format === 'chat' ? tokenizer.chatPrompt(prompt) : prompt);
    const stream = new TextStream(tokenizer, promptIds);
    let text = '';
    const emit = (piece: string) => {
      text += piece;
      if (piece !== '') onText(piece);
    };
    const start = performance.now();
    let first: number | null = null;
    const open = (capacity: number) =>
      original ? originalReader(original) : cachedReader(loaded, kernels, adapter, capacity);
    const { tokenIds, reason } = await generate(open, {
      promptIds,
      prefixLength: slotsOf(adapter),
      sampling,
      maxTokens: sampling.maxTokens,
      contextLength: config.contextLength,
      endTokenIds: tokenizer.endTokenIds,
      random: new Random(sampling.seed),
      onToken: (id) => {
        first ??= performance.now();
        emit(stream.push(id));
      },
      isStopped: () => generation.stopped,
    });
    emit(stream.end());
    // The pace of writing: reading the prompt, and opening the graphs for it, end with the first token.
    const steps = tokenIds.length - 1 + (reason === 'end' ? 1 : 0);
    const [count, since] = first === null || steps < 1 ? [tokenIds.length, start] : [steps, first];
    const seconds = (performance.now() - since) / 1000;
    return { text, tokens: tokenIds.length, tokensPerSecond: count / seconds, reason };
  }
}
