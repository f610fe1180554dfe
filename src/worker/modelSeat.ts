/**
 * The place of the one model that is loaded: it comes, is used, and goes when nothing uses it any more. Whoever asks while
 * it is still coming waits; whoever waited for one that was exchanged meanwhile is told.
 */
import { ModelError } from '../errors';
import type { OpenModel } from './openModel';

export interface ModelSeatOptions {
  /** Begins to end whatever uses the model. */
  readonly onLeaving: () => void;
  /** After everything has ended, before the model is let go. */
  readonly beforeDisposal: () => Promise<void>;
}

export class ModelSeat {
  private model: Promise<OpenModel> | null = null;
  private left: Promise<void> = Promise.resolve();
  /** Ends the transfer of the model that is loading. */
  private transfer = new AbortController();
  /** What uses the model right now. */
  private readonly working = new Set<Promise<unknown>>();

  constructor(private readonly options: ModelSeatOptions) {}

  async load(open: (signal: AbortSignal) => Promise<OpenModel>): Promise<OpenModel> {
    const leaving = this.leave(this.model);
    const { signal } = this.transfer;
    // Set at once, so that a dataset dropped meanwhile waits for the new model.
    const opening = leaving.then(() => open(signal));
    this.model = opening;
    try {
      return await opening;
    } catch (error) {
      if (this.model === opening) this.model = null;
      throw error;
    }
  }

  unload(): Promise<void> {
    const before = this.model;
    this.model = null;
    return this.leave(before);
  }

  /** Waits for a model that is still loading, so that a dataset may be dropped at once. @throws ModelError if there is none */
  async ready(): Promise<OpenModel> {
    const opening = this.model;
    const model = await opening;
    if (!model) throw new ModelError('No model is loaded.', {}, 'Choose a model first.');
    if (this.model !== opening) {
      throw new ModelError('The model was exchanged meanwhile.', {}, 'Try again with the one that is loaded now.');
    }
    return model;
  }

  /** The model that is there, or is about to be; null where there is none, or it cannot be loaded. */
  async present(): Promise<OpenModel | null> {
    return (await this.model?.catch(() => null)) ?? null;
  }

  /** The model stays until the work has ended. */
  whileUsed<T>(work: Promise<T>): Promise<T> {
    this.working.add(work);
    return work.finally(() => this.working.delete(work));
  }

  /** Ends what uses the model, and lets go of it; resolves when nothing of any model before is left. */
  private leave(before: Promise<OpenModel> | null): Promise<void> {
    const going = this.letGo(before);
    this.left = Promise.allSettled([this.left, going]).then(() => going);
    return this.left;
  }

  private async letGo(before: Promise<OpenModel> | null): Promise<void> {
    this.transfer.abort();
    this.transfer = new AbortController();
    this.options.onLeaving();
    const working = [...this.working];
    const open = await before?.catch(() => null);
    if (!open) return;
    await Promise.allSettled(working);
    await this.options.beforeDisposal();
    await open.dispose();
  }
}
