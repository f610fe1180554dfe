/**
 * What the chosen adapter learned, figure by figure: each is computed when somebody asks for it, and stays until another
 * adapter, model or dataset makes it say something that is no longer so.
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import {
  type AblationEvent,
  type AblationFigure,
  type AdapterSummary,
  type AttentionFigure,
  type AttentionRequest,
  type FigureName,
  type FigureWords,
  figuresOf,
  type LearnedEngine,
  type NeighboursFigure,
  type NormsFigure,
  type SerialisedError,
} from '../worker';
import { toProblem } from './problem';

export type Figure<T> =
  | { readonly status: 'unasked' }
  | { readonly status: 'working' }
  | { readonly status: 'done'; readonly value: T }
  | { readonly status: 'failed'; readonly problem: SerialisedError };

/** What is known while layers are still being measured. */
export type AblationProgress = Omit<AblationFigure, 'stopped'> & { readonly of: number };

export type AskedText = Omit<AttentionRequest, 'adapterId'>;

export interface LearnedState {
  readonly adapter: Pick<AdapterSummary, 'id' | 'shape'> | null;
  readonly attention: Figure<AttentionFigure>;
  /** The text that `attention` is of, or is being computed of. */
  readonly text: AskedText | null;
  readonly ablation: Figure<AblationFigure>;
  /** While `ablation` is being computed; null before the first measurements are there. */
  readonly progress: AblationProgress | null;
  readonly norms: Figure<NormsFigure>;
  readonly neighbours: Figure<NeighboursFigure>;
}

export interface Learned {
  readonly store: StoreApi<LearnedState>;
  /** Figures of the one before are forgotten, and what is being computed of it ends. */
  choose(adapter: LearnedState['adapter']): void;
  askAttention(text: AskedText): Promise<void>;
  askAblation(): Promise<void>;
  stopAblation(): void;
  askNorms(): Promise<void>;
  askNeighbours(): Promise<void>;
  /** Ablation and norms are measured on a dataset. */
  forgetMeasurements(): void;
}

const UNASKED = { status: 'unasked' } as const;
const WORKING = { status: 'working' } as const;
const ofDataset = { ablation: UNASKED, progress: null, norms: UNASKED } as const;
const nothing = { attention: UNASKED, text: null, neighbours: UNASKED, ...ofDataset } as const;

export function createLearned(engine: LearnedEngine): Learned {
  const store = createStore<LearnedState>(() => ({ adapter: null, ...nothing }));
  /** Per figure, rises with every question and with everything that makes an answer stale. */
  const turns: Record<FigureName, number> = { attention: 0, ablation: 0, norms: 0, neighbours: 0 };

  /** @param compute of the chosen adapter; `isCurrent` says whether anybody still waits for it */
  const ask = async <T>(
    figure: FigureName,
    compute: (adapterId: string, isCurrent: () => boolean) => Promise<T>,
    set: (answer: Figure<T>) => void,
  ) => {
    const { adapter } = store.getState();
    if (!adapter || !applies(figure, adapter)) return;
    const mine = ++turns[figure];
    const isCurrent = () => mine === turns[figure];
    set(WORKING);
    try {
      const value = await compute(adapter.id, isCurrent);
      if (isCurrent()) set({ status: 'done', value });
    } catch (thrown) {
      if (isCurrent()) set({ status: 'failed', problem: toProblem(thrown) });
    }
  };
  const stop = () => {
    // An ablation that does not hear of it costs time only.
    if (store.getState().ablation.status === 'working') engine.stopAblating().catch(() => {});
  };
  const forget = (figures: readonly FigureName[]) => {
    if (figures.includes('ablation')) stop();
    for (const figure of figures) turns[figure]++;
  };

  return {
    store,
    choose(adapter) {
      if (adapter?.id === store.getState().adapter?.id) return;
      forget(['attention', 'ablation', 'norms', 'neighbours']);
      store.setState({ adapter, ...nothing });
    },
    async askAttention(text) {
      await ask(
        'attention',
        (adapterId) => engine.attention({ ...text, adapterId }),
        (attention) => store.setState({ attention, text }),
      );
    },
    async askAblation() {
      await ask(
        'ablation',
        (adapterId, isCurrent) =>
          engine.ablate(adapterId, (event) => {
            if (isCurrent()) store.setState(({ progress }) => ({ progress: advanced(progress, event) }));
          }),
        (ablation) => store.setState({ ablation, progress: null }),
      );
    },
    stopAblation: stop,
    async askNorms() {
      await ask(
        'norms',
        (adapterId) => engine.norms(adapterId),
        (norms) => store.setState({ norms }),
      );
    },
    async askNeighbours() {
      await ask(
        'neighbours',
        (adapterId) => engine.neighbours(adapterId),
        (neighbours) => store.setState({ neighbours }),
      );
    },
    forgetMeasurements() {
      forget(['ablation', 'norms']);
      store.setState(ofDataset);
    },
  };
}

function advanced(progress: AblationProgress | null, event: AblationEvent): AblationProgress | null {
  switch (event.type) {
    case 'begun': {
      const { rows, alone, whole, layers: of } = event;
      return { rows, alone, whole, layers: [], of };
    }
    case 'layer':
      return progress && { ...progress, layers: [...progress.layers, event.result] };
    default:
      return event satisfies never;
  }
}

/** The figures that there are of an adapter, with a sentence for each. */
export const figuresFor = (adapter: LearnedState['adapter']): readonly FigureWords[] =>
  adapter ? figuresOf[adapter.shape.method] : [];

const applies = (figure: FigureName, adapter: LearnedState['adapter']): boolean =>
  figuresFor(adapter).some(({ name }) => name === figure);

/** How much worse the model does without each layer's part, nats; below zero where it does better. */
export const lossWithout = ({ whole, layers }: Pick<AblationFigure, 'whole' | 'layers'>): number[] =>
  layers.map(({ loss }) => loss - whole.loss);
