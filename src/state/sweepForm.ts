/**
 * What a sweep is asked for. Lists of numbers are kept as typed (`4, 8, 16`), and read when something is made of them; what
 * the methods have beside their size, and all that is not varied, comes from the settings of a single run.
 */
import type { MethodName, MethodSpace, SweepSettings, VirtualInit } from '../worker';
import { defaultsOf, type SettingsState, toTuneSettings } from './settings';

export interface MethodForm {
  readonly chosen: boolean;
  /** Lengths; ranks for LoRA. */
  readonly sizes: string;
  readonly learningRates: string;
}

export interface SweepForm {
  readonly methods: Readonly<Record<MethodName, MethodForm>>;
  /** Where virtual tokens start from; a text is that of the settings. */
  readonly inits: readonly VirtualInit['type'][];
  readonly seeds: string;
  readonly strategy: 'grid' | 'random';
  /** Of a random search. */
  readonly runs: number;
  /** Whether runs that fall behind are stopped early. */
  readonly halving: boolean;
  readonly minSteps: number;
  readonly eta: number;
}

export interface SweepIssue {
  readonly field: keyof SweepForm | MethodName;
  readonly message: string;
}

export type ReadForm =
  | { readonly ok: true; readonly settings: SweepSettings }
  | { readonly ok: false; readonly issues: readonly SweepIssue[] };

const rateOf = (method: MethodName): string => String(defaultsOf(method).learningRate);

/** A first question that most people have: how long must it be, and is another method smaller? */
export const SWEEP_DEFAULTS: SweepForm = {
  methods: {
    prefix: { chosen: true, sizes: '4, 8, 16, 32', learningRates: rateOf('prefix') },
    prompt: { chosen: false, sizes: '4, 8, 16, 32', learningRates: rateOf('prompt') },
    lora: { chosen: false, sizes: '2, 4, 8', learningRates: rateOf('lora') },
  },
  inits: ['text'],
  seeds: '0',
  strategy: 'grid',
  runs: 12,
  halving: true,
  minSteps: 25,
  eta: 3,
};

/** Whole numbers, and their least. */
const COUNTS = [
  { field: 'runs', name: 'Number of runs', least: 1, counts: ({ strategy }: SweepForm) => strategy === 'random' },
  { field: 'minSteps', name: 'The first comparison', least: 1, counts: ({ halving }: SweepForm) => halving },
  { field: 'eta', name: 'One in how many', least: 2, counts: ({ halving }: SweepForm) => halving },
] as const;

const METHODS = ['prefix', 'prompt', 'lora'] as const satisfies readonly MethodName[];

export function readForm(form: SweepForm, settings: SettingsState): ReadForm {
  const issues: SweepIssue[] = [];
  const list = (field: SweepIssue['field'], text: string): number[] => {
    const numbers = readNumbers(text);
    if (numbers === null)
      issues.push({ field, message: `“${text}” is no list of numbers; write for example 4, 8, 16.` });
    return numbers ?? [];
  };
  const methods = METHODS.filter((name) => form.methods[name].chosen).map((name): MethodSpace => {
    const { sizes, learningRates } = form.methods[name];
    return {
      method: toTuneSettings({ ...settings, method: name }).method,
      sizes: list(name, sizes),
      learningRates: list(name, learningRates),
      inits: name === 'lora' ? [] : form.inits.map((type) => toInit(type, settings.initText)),
    };
  });
  const seeds = list('seeds', form.seeds);
  for (const { field, name, least, counts } of COUNTS) {
    const isCount = Number.isInteger(form[field]) && form[field] >= least;
    if (counts(form) && !isCount) issues.push({ field, message: `${name} is a whole number from ${least}.` });
  }
  if (methods.some(({ method, inits }) => method.type !== 'lora' && inits.length === 0)) {
    issues.push({ field: 'inits', message: 'Choose what virtual tokens start from.' });
  }
  if (methods.length === 0) issues.push({ field: 'methods', message: 'Choose at least one method.' });
  if (form.halving && form.minSteps >= settings.steps) {
    const message = `Runs of ${settings.steps} steps end before they are compared at step ${form.minSteps}.`;
    issues.push({ field: 'minSteps', message });
  }
  if (issues.length > 0) return { ok: false, issues };
  const { method: _, learningRate: __, seed, ...shared } = toTuneSettings(settings);
  return {
    ok: true,
    settings: {
      space: { methods, seeds },
      strategy: form.strategy === 'grid' ? { type: 'grid' } : { type: 'random', runs: form.runs, seed },
      halving: form.halving ? { minSteps: form.minSteps, eta: form.eta } : null,
      shared,
    },
  };
}

/** Separated by commas, semicolons or spaces; null where something among them is no number. */
export function readNumbers(text: string): number[] | null {
  const parts = text.split(/[\s,;]+/).filter((part) => part !== '');
  const numbers = parts.map(Number);
  return numbers.length === 0 || numbers.some((value) => !Number.isFinite(value)) ? null : numbers;
}

const toInit = (type: VirtualInit['type'], text: string): VirtualInit => (type === 'text' ? { type, text } : { type });
