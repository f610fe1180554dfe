/**
 * What a run is asked for. Numbers are kept as typed, so that a field that is being edited never jumps; `checkSettings`
 * says what is wrong with them, `toTuneSettings` is what the engine gets. Changing the kind of start keeps its text, and
 * another method leaves the fields of the one before as they were.
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type { DatasetSummary, LoraRole, MethodName, MethodSettings, TuneSettings, VirtualInit } from '../worker';
import { LEARNING_RATES } from '../worker';

export const MAX_LENGTH = 64;

export interface SettingsState extends Omit<TuneSettings, 'method'> {
  readonly method: MethodName;
  /** Virtual tokens of a prefix or a prompt. */
  readonly length: number;
  readonly initType: VirtualInit['type'];
  readonly initText: string;
  /** Whether a small network makes the virtual tokens while they are trained, and how wide it is inside. */
  readonly encoded: boolean;
  readonly encoderWidth: number;
  /** First tokens of a prefix that stay as they start. */
  readonly frozenTokens: number;
  readonly rank: number;
  readonly alpha: number;
  readonly dropout: number;
  readonly targets: readonly LoraRole[];
}

export type NumberField = {
  [K in keyof SettingsState]: SettingsState[K] extends number | 'auto' ? K : never;
}[keyof SettingsState];

export const DEFAULTS: SettingsState = {
  method: 'prefix',
  length: 16,
  initType: 'text',
  initText: 'Read the text and write what follows.',
  encoded: false,
  encoderWidth: 128,
  frozenTokens: 0,
  rank: 8,
  alpha: 16,
  dropout: 0,
  targets: ['q', 'v'],
  steps: 150,
  learningRate: 5e-2,
  batchSize: 16,
  microBatchSize: 'auto',
  memoryBudgetMiB: 'auto',
  warmupSteps: 10,
  weightDecay: 0,
  maxGradNorm: 1,
  evalEvery: 25,
  seed: 0,
};

export const defaultsOf = (method: MethodName): SettingsState => ({
  ...DEFAULTS,
  method,
  learningRate: LEARNING_RATES[method],
});

export interface Settings {
  readonly store: StoreApi<SettingsState>;
  /** Another method brings its learning rate along, unless the person has set one. */
  set(change: Partial<SettingsState>): void;
  /** Takes a suggestion for fields the person has not touched. */
  suggest(change: Partial<SettingsState>): void;
  /** Back to the defaults of the method. */
  reset(): void;
}

export function createSettings(start: Partial<SettingsState> = {}): Settings {
  const store = createStore<SettingsState>(() => ({ ...defaultsOf(start.method ?? DEFAULTS.method), ...start }));
  const touched = new Set<string>(Object.keys(start));
  const suggest = (change: Partial<SettingsState>) =>
    store.setState(Object.fromEntries(Object.entries(change).filter(([field]) => !touched.has(field))));
  return {
    store,
    suggest,
    set: (change) => {
      for (const field of Object.keys(change)) touched.add(field);
      store.setState(change);
      if (change.method !== undefined) suggest({ learningRate: LEARNING_RATES[change.method] });
    },
    reset: () => {
      touched.clear();
      touched.add('initText');
      const { method, initText } = store.getState();
      store.setState({ ...defaultsOf(method), initText });
    },
  };
}

export function toTuneSettings(state: SettingsState): TuneSettings {
  const { steps, learningRate, batchSize, microBatchSize, memoryBudgetMiB } = state;
  const { warmupSteps, weightDecay, maxGradNorm, evalEvery, seed } = state;
  return {
    method: toMethod(state),
    ...{ steps, learningRate, batchSize, microBatchSize, memoryBudgetMiB },
    ...{ warmupSteps, weightDecay, maxGradNorm, evalEvery, seed },
  };
}

/** The form that asks for such a run; what its method does not have stays as it is. */
export function fromTuneSettings({ method, ...numbers }: TuneSettings): Partial<SettingsState> {
  return { ...numbers, ...fromMethod(method) };
}

function fromMethod(method: MethodSettings): Partial<SettingsState> {
  switch (method.type) {
    case 'prefix':
      return { method: 'prefix', ...fromVirtual(method, method.projection), frozenTokens: method.frozenTokens };
    case 'prompt':
      return { method: 'prompt', ...fromVirtual(method, method.encoder) };
    case 'lora': {
      const { rank, alpha, dropout, targets } = method;
      return { method: 'lora', rank, alpha, dropout, targets };
    }
    default:
      return method satisfies never;
  }
}

function fromVirtual(
  { length, init }: { readonly length: number; readonly init: VirtualInit },
  encoder: number | null,
): Partial<SettingsState> {
  return {
    length,
    initType: init.type,
    ...(init.type === 'text' && { initText: init.text }),
    encoded: encoder !== null,
    ...(encoder !== null && { encoderWidth: encoder }),
  };
}

function toMethod(state: SettingsState): MethodSettings {
  const { length, initType, initText, encoderWidth, frozenTokens } = state;
  const init: VirtualInit = initType === 'text' ? { type: 'text', text: initText } : { type: initType };
  const encoder = state.encoded ? encoderWidth : null;
  switch (state.method) {
    case 'prefix':
      return { type: 'prefix', length, init, projection: encoder, frozenTokens };
    case 'prompt':
      return { type: 'prompt', length, init, encoder };
    case 'lora': {
      const { rank, alpha, dropout, targets } = state;
      return { type: 'lora', rank, alpha, dropout, targets };
    }
    default:
      return state.method satisfies never;
  }
}

/** A plain instruction to start from, where the data brings none. */
export function suggestInitText({ mapping, labels }: DatasetSummary): string {
  const inputs = mapping.inputs.join(' and ') || 'text';
  if (mapping.task !== 'classification' || labels.length === 0) {
    return `Read the ${inputs} and write the ${mapping.target}.`;
  }
  const names = labels.slice(0, 8).map(({ label }) => label.trim());
  return `Read the ${inputs} and say the ${mapping.target}: ${names.join(' or ')}.`;
}
