/**
 * What is wrong with the settings of a run, and what mends it. Only the fields of the chosen method can be wrong: those of
 * the others are kept, and count for nothing until their method is chosen.
 */
import type { LoraTargetSummary } from '../worker';
import { usualTargets } from './loraTargets';
import { DEFAULTS, defaultsOf, MAX_LENGTH, type NumberField, type SettingsState } from './settings';

export interface SettingsContext {
  readonly contextLength: number | null;
  readonly longestTokens: number | null;
  readonly loraTargets: readonly LoraTargetSummary[] | null;
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
  /** Whether the field counts; absent: always. */
  readonly counts?: (settings: SettingsState) => boolean;
}

/** Whether the number may be left to the engine. */
export const mayBeAuto = (field: NumberField): boolean => DEFAULTS[field] === 'auto';

export const hasVirtualTokens = ({ method }: Pick<SettingsState, 'method'>): boolean => method !== 'lora';
const isLora = ({ method }: SettingsState) => method === 'lora';
const isPrefix = ({ method }: SettingsState) => method === 'prefix';
const isEncoded = (settings: SettingsState) => hasVirtualTokens(settings) && settings.encoded;

/** Limits of each number, in one table. */
export const RULES: readonly Rule[] = [
  { field: 'length', name: 'Length', min: 1, max: MAX_LENGTH, whole: true, counts: hasVirtualTokens },
  { field: 'encoderWidth', name: 'Hidden width', min: 1, max: 4096, whole: true, counts: isEncoded },
  { field: 'frozenTokens', name: 'Frozen tokens', min: 0, max: MAX_LENGTH - 1, whole: true, counts: isPrefix },
  { field: 'rank', name: 'Rank', min: 1, max: 256, whole: true, counts: isLora },
  { field: 'alpha', name: 'Alpha', min: 0.01, max: 1024, whole: false, counts: isLora },
  { field: 'dropout', name: 'Dropout', min: 0, max: 0.9, whole: false, counts: isLora },
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
  const single = [...checkNumbers(settings), ...checkText(settings), ...checkTargets(settings, context)];
  if (single.length > 0) return single;
  return [
    ...checkMicroBatch(settings),
    ...checkFrozen(settings),
    ...checkFit(settings, context),
    ...checkWarmup(settings),
  ];
}

const error = (
  field: keyof SettingsState,
  message: string,
  label: string,
  change: Partial<SettingsState>,
): SettingsIssue => ({ field, level: 'error', message, fix: { label, change } });

function checkNumbers(settings: SettingsState): SettingsIssue[] {
  const defaults = defaultsOf(settings.method);
  return RULES.flatMap(({ field, name, min, max, whole, counts }) => {
    const value = settings[field];
    if (value === 'auto' || counts?.(settings) === false) return [];
    const use = (number: number | 'auto', message: string) => [
      error(field, message, `Use ${number}`, { [field]: number }),
    ];
    if (!Number.isFinite(value)) return use(defaults[field], `${name} needs a number.`);
    if (whole && !Number.isInteger(value)) return use(Math.round(value), `${name} is a whole number.`);
    if (value >= min && value <= max) return [];
    const limit = value < min ? min : max;
    // The end of a range of rates is possible and no advice; the end of a range of counts is the nearest that works.
    return use(whole ? limit : defaults[field], `${name} is at ${value < min ? 'least' : 'most'} ${limit}.`);
  });
}

function checkText(settings: SettingsState): SettingsIssue[] {
  const { initType, initText } = settings;
  if (!hasVirtualTokens(settings) || initType !== 'text' || initText.trim() !== '') return [];
  const message = 'The text to start from is empty.';
  return [error('initText', message, 'Start from the vocabulary', { initType: 'vocabulary' })];
}

/** LoRA needs a projection to stand beside, and the model must have it. */
function checkTargets({ method, targets }: SettingsState, { loraTargets }: SettingsContext): SettingsIssue[] {
  if (method !== 'lora' || loraTargets === null) return [];
  if (loraTargets.length === 0) {
    const message = 'This model has no projection that LoRA could be put on.';
    return [error('targets', message, 'Tune a prefix instead', { method: 'prefix' })];
  }
  const missing = targets.filter((target) => !loraTargets.some(({ role }) => role === target));
  if (targets.length > 0 && missing.length === 0) return [];
  const usual = usualTargets(loraTargets);
  const message =
    missing.length > 0
      ? `This model has no projection ${missing.join(', ')}.`
      : 'LoRA needs at least one projection to go on.';
  return [error('targets', message, `Use ${usual.join(', ')}`, { targets: usual })];
}

function checkMicroBatch({ batchSize, microBatchSize }: SettingsState): SettingsIssue[] {
  if (microBatchSize === 'auto' || batchSize % microBatchSize === 0) return [];
  const divisor = largestDivisor(batchSize, microBatchSize);
  const message = `Micro-batches of ${microBatchSize} do not add up to a batch of ${batchSize}.`;
  return [error('microBatchSize', message, `Use ${divisor}`, { microBatchSize: divisor })];
}

function checkFrozen(settings: SettingsState): SettingsIssue[] {
  const { length, frozenTokens } = settings;
  if (!isPrefix(settings) || frozenTokens < length) return [];
  const message = `Of ${length} tokens ${frozenTokens} are frozen, which leaves none to learn.`;
  return [error('frozenTokens', message, `Use ${length - 1}`, { frozenTokens: length - 1 })];
}

/** Virtual tokens and the longest row must fit the model's context together. */
function checkFit(settings: SettingsState, { contextLength, longestTokens }: SettingsContext): SettingsIssue[] {
  const { method, length } = settings;
  if (!hasVirtualTokens(settings) || contextLength === null || longestTokens === null) return [];
  if (length + longestTokens <= contextLength) return [];
  const room = contextLength - longestTokens;
  const sum = `${length} + ${longestTokens} = ${length + longestTokens} tokens, and this model holds ${contextLength}`;
  return [
    {
      field: 'length',
      level: 'error',
      message: `${method === 'prefix' ? 'Prefix' : 'Prompt'} and longest row do not fit: ${sum}.`,
      fix: room >= 1 ? { label: `Use length ${room}`, change: { length: room } } : null,
    },
  ];
}

function checkWarmup({ warmupSteps, steps }: SettingsState): SettingsIssue[] {
  if (warmupSteps <= steps) return [];
  const shorter = Math.floor(steps / 10);
  return [
    {
      field: 'warmupSteps',
      level: 'warning',
      message: `The run ends before its ${warmupSteps} warm-up steps do.`,
      fix: { label: `Use ${shorter}`, change: { warmupSteps: shorter } },
    },
  ];
}

function largestDivisor(of: number, atMost: number): number {
  for (let divisor = Math.min(of, atMost); divisor > 1; divisor--) if (of % divisor === 0) return divisor;
  return 1;
}
