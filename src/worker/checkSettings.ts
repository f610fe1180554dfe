/** Whether a run's settings can work at all, before anything is computed. */
import { DataError } from '../errors';
import type { AdapterValues } from '../tuning';
import { virtualTokens, virtualTokensOf } from './adapterShape';
import type { MethodSettings, TuneSettings } from './protocol';

const COUNTS = ['steps', 'batchSize'] as const satisfies readonly (keyof TuneSettings)[];
const POSITIVE = [
  'learningRate',
  'microBatchSize',
  'memoryBudgetMiB',
  'maxGradNorm',
  'evalEvery',
] as const satisfies readonly (keyof TuneSettings)[];
const NOT_NEGATIVE = ['warmupSteps', 'weightDecay'] as const satisfies readonly (keyof TuneSettings)[];

/** @throws DataError where it is no whole number above zero */
export function checkCount(field: string, value: number): void {
  if (!isCount(value)) throw outside(field, value, 'a whole number above zero');
}

/** @throws DataError that says which setting cannot work, whatever is learned with them */
export function checkHyperparameters(settings: TuneSettings): void {
  for (const name of COUNTS) checkCount(name, settings[name]);
  for (const name of POSITIVE) {
    const value = settings[name];
    if (value === 'auto') continue;
    if (!(Number.isFinite(value) && value > 0)) throw outside(name, value, 'above zero');
  }
  for (const name of NOT_NEGATIVE) {
    const value = settings[name];
    if (!(Number.isFinite(value) && value >= 0)) throw outside(name, value, 'at least 0');
  }
}

/** @throws DataError that says which setting cannot work */
export function checkSettings(settings: TuneSettings, contextLength: number, longestTokens: number): void {
  checkHyperparameters(settings);
  checkMethod(settings.method);
  const length = virtualTokens(settings.method);
  if (length + longestTokens > contextLength) {
    throw new DataError(
      `${length} virtual tokens and the longest row of ${longestTokens} tokens do not fit the ${contextLength} tokens that the model can read.`,
      { field: 'length' },
      `Choose a length of at most ${Math.max(1, contextLength - longestTokens)}, or shorten the rows.`,
    );
  }
}

/** That an adapter and the rows behind it fit the context, wherever it came from. @throws DataError */
export function checkRoom(adapter: AdapterValues, contextLength: number, longestTokens: number): void {
  const length = virtualTokensOf(adapter);
  if (length + longestTokens <= contextLength) return;
  throw new DataError(
    `The adapter's ${length} virtual tokens and the longest row of ${longestTokens} tokens do not fit the ${contextLength} tokens that the model can read.`,
    {},
    `Take an adapter with at most ${Math.max(0, contextLength - longestTokens)} virtual tokens, or shorten the rows.`,
  );
}

const outside = (field: string, value: number, range: string): DataError =>
  new DataError(`${field} is ${value}; it must be ${range}.`, { field });

const isCount = (value: number): boolean => Number.isInteger(value) && value > 0;

export function checkMethod(method: MethodSettings): void {
  switch (method.type) {
    case 'prefix': {
      const { length, projection, frozenTokens } = method;
      if (!isCount(length)) throw outside('length', length, 'a whole number above zero');
      if (projection !== null && !isCount(projection))
        throw outside('projection', projection, 'a whole number above zero');
      if (!(Number.isInteger(frozenTokens) && frozenTokens >= 0 && frozenTokens < length))
        throw outside('frozenTokens', frozenTokens, `a whole number from 0 to ${length - 1}`);
      return;
    }
    case 'prompt': {
      const { length, encoder } = method;
      if (!isCount(length)) throw outside('length', length, 'a whole number above zero');
      if (encoder !== null && !isCount(encoder)) throw outside('encoder', encoder, 'a whole number above zero');
      return;
    }
    case 'lora': {
      const { rank, alpha, dropout, targets } = method;
      if (!isCount(rank)) throw outside('rank', rank, 'a whole number above zero');
      if (!(Number.isFinite(alpha) && alpha > 0)) throw outside('alpha', alpha, 'above zero');
      if (!(dropout >= 0 && dropout < 1)) throw outside('dropout', dropout, 'at least 0 and below 1');
      if (targets.length === 0)
        throw new DataError(
          'LoRA has no projection to go on.',
          { field: 'targets' },
          'Choose one, for example q and v.',
        );
      return;
    }
    default:
      method satisfies never;
  }
}
