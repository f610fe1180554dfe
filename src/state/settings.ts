/**
 * What a run is asked for. Numbers are kept as typed, so that a field that is being edited never jumps; `checkSettings`
 * says what is wrong with them, `toTuneSettings` is what the engine gets. Changing the kind of start keeps its text.
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type { DatasetSummary, LoraRole, MethodName, MethodSettings, TuneSettings, VirtualInit } from '../worker';

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

export interface Settings {
  readonly store: StoreApi<SettingsState>;
  set(change: Partial<SettingsState>): void;
  /** Takes a suggestion for fields the person has not touched. */
  suggest(change: Partial<SettingsState>): void;
  reset(): void;
}

export function createSettings(start: Partial<SettingsState> = {}): Settings {
  const store = createStore<SettingsState>(() => ({ ...DEFAULTS, ...start }));
  const touched = new Set<string>(Object.keys(start));
  return {
    store,
    set: (change) => {
      for (const field of Object.keys(change)) touched.add(field);
      store.setState(change);
    },
    suggest: (change) =>
      store.setState(Object.fromEntries(Object.entries(change).filter(([field]) => !touched.has(field)))),
    reset: () => {
      touched.clear();
      touched.add('initText');
      const { initText } = store.getState();
      store.setState({ ...DEFAULTS, initText });
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

/** A plain instruction to start the prefix from, where the data brings none. */
export function suggestInitText({ mapping, labels }: DatasetSummary): string {
  const inputs = mapping.inputs.join(' and ') || 'text';
  if (mapping.task !== 'classification' || labels.length === 0) {
    return `Read the ${inputs} and write the ${mapping.target}.`;
  }
  const names = labels.slice(0, 8).map(({ label }) => label.trim());
  return `Read the ${inputs} and say the ${mapping.target}: ${names.join(' or ')}.`;
}

export interface SettingsContext {
  readonly contextLength: number | null;
  readonly longestTokens: number | null;
  readonly trainRows: number | null;
}

export interface SettingsIssue {
  readonly field: keyof SettingsState;
  /** An error keeps the run from starting. */
  readonly level: 'error' | 'warning';
  readonly message: string;
  /** The next step as a button. */
  readonly fix: { readonly label: string; readonly change: Partial<SettingsState> } | null;
}

interface Rule {
  readonly field: NumberField;
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
}

/** Whether the number may be left to the engine. */
export const mayBeAuto = (field: NumberField): boolean => DEFAULTS[field] === 'auto';

/** Limits of each number, in one table. */
export const RULES: readonly Rule[] = [
  { field: 'length', name: 'Length', min: 1, max: MAX_LENGTH, whole: true },
  { field: 'encoderWidth', name: 'Hidden width', min: 1, max: 4096, whole: true },
  { field: 'frozenTokens', name: 'Frozen tokens', min: 0, max: MAX_LENGTH - 1, whole: true },
  { field: 'rank', name: 'Rank', min: 1, max: 256, whole: true },
  { field: 'alpha', name: 'Alpha', min: 0.01, max: 1024, whole: false },
  { field: 'dropout', name: 'Dropout', min: 0, max: 0.9, whole: false },
  { field: 'steps', name: 'Steps', min: 1, max: 100_000, whole: true },
  { field: 'learningRate', name: 'Learning rate', min: 1e-7, max: 10, whole: false },
  { field: 'batchSize', name: 'Batch size', min: 1, max: 1024, whole: true },
  { field: 'microBatchSize', name: 'Micro-batch', min: 1, max: 1024, whole: true },
  { field: 'memoryBudgetMiB', name: 'Memory budget', min: 64, max: 2 ** 20, whole: true },
  { field: 'warmupSteps', name: 'Warm-up', min: 0, max: 100_000, whole: true },
  { field: 'weightDecay', name: 'Weight decay', min: 0, max: 1, whole: false },
  { field: 'maxGradNorm', name: 'Clip norm', min: 1e-6, max: 1e6, whole: false },
  { field: 'evalEvery', name: 'Validate every', min: 1, max: 100_000, whole: true },
  { field: 'seed', name: 'Seed', min: 0, max: 2 ** 31 - 1, whole: true },
];

export function checkSettings(settings: SettingsState, context: SettingsContext): SettingsIssue[] {
  const issues: SettingsIssue[] = [];
  const error = (field: keyof SettingsState, message: string, change?: Partial<SettingsState>, label = '') =>
    issues.push({ field, level: 'error', message, fix: change ? { label, change } : null });

  for (const { field, name, min, max, whole } of RULES) {
    const value = settings[field];
    if (value === 'auto') continue;
    const back = { [field]: DEFAULTS[field] };
    if (!Number.isFinite(value)) error(field, `${name} needs a number.`, back, `Use ${DEFAULTS[field]}`);
    else if (whole && !Number.isInteger(value))
      error(field, `${name} is a whole number.`, { [field]: Math.round(value) }, `Use ${Math.round(value)}`);
    else if (value < min || value > max) {
      const limit = value < min ? min : max;
      // The end of a range of rates is possible and no advice; the end of a range of counts is the nearest that works.
      const use = whole ? limit : DEFAULTS[field];
      error(field, `${name} is at ${value < min ? 'least' : 'most'} ${limit}.`, { [field]: use }, `Use ${use}`);
    }
  }
  if (settings.initType === 'text' && settings.initText.trim() === '') {
    error('initText', 'The text to start from is empty.', { initType: 'vocabulary' }, 'Start from the vocabulary');
  }
  if (issues.length > 0) return issues;

  const { batchSize, microBatchSize } = settings;
  if (microBatchSize !== 'auto' && batchSize % microBatchSize !== 0) {
    const change = largestDivisor(batchSize, microBatchSize);
    error(
      'microBatchSize',
      `Micro-batches of ${microBatchSize} do not add up to a batch of ${batchSize}.`,
      {
        microBatchSize: change,
      },
      `Use ${change}`,
    );
  }
  issues.push(...checkFit(settings, context));
  if (settings.warmupSteps > settings.steps) {
    issues.push({
      field: 'warmupSteps',
      level: 'warning',
      message: `The run ends before its ${settings.warmupSteps} warm-up steps do.`,
      fix: {
        label: `Use ${Math.floor(settings.steps / 10)}`,
        change: { warmupSteps: Math.floor(settings.steps / 10) },
      },
    });
  }
  return issues;
}

/** Prefix and longest row must fit the model's context together. */
function checkFit({ length }: SettingsState, { contextLength, longestTokens }: SettingsContext): SettingsIssue[] {
  if (contextLength === null || longestTokens === null || length + longestTokens <= contextLength) return [];
  const room = contextLength - longestTokens;
  const sum = `${length} + ${longestTokens} = ${length + longestTokens} tokens, and this model holds ${contextLength}`;
  return [
    {
      field: 'length',
      level: 'error',
      message: `Prefix and longest row do not fit: ${sum}.`,
      fix: room >= 1 ? { label: `Use length ${room}`, change: { length: room } } : null,
    },
  ];
}

function largestDivisor(of: number, atMost: number): number {
  for (let divisor = Math.min(of, atMost); divisor > 1; divisor--) if (of % divisor === 0) return divisor;
  return 1;
}
