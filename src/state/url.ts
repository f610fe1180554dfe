/**
 * The state a link can set: `?model=fable-7m&method=lora&rank=8&targets=q,v&device=wasm&sample=…`, or a model of the hub,
 * `?model=owner/name@revision&dtype=q4f16`. What cannot be read is left out and said, never guessed.
 */
import { PreludeError } from '../errors';
import type { DeviceChoice, LoraRole, MethodName, ModelSource } from '../worker';
import { BUNDLED_MODEL, parseModelAddress } from './modelAddress';
import type { NumberField, SettingsState } from './settings';
import { RULES } from './settingsRules';

export interface UrlState {
  readonly model: ModelSource;
  /** Which graph of the model, e.g. `q4f16`; null: the best. */
  readonly dtype: string | null;
  readonly device: DeviceChoice;
  readonly sample: string | null;
  readonly prompt: string | null;
  readonly settings: Partial<SettingsState>;
  /** One sentence per parameter that was left out. */
  readonly problems: readonly string[];
}

/** Name in the link → field. */
const NUMBERS: Readonly<Record<string, NumberField>> = {
  length: 'length',
  frozen: 'frozenTokens',
  encoder: 'encoderWidth',
  rank: 'rank',
  alpha: 'alpha',
  dropout: 'dropout',
  steps: 'steps',
  lr: 'learningRate',
  batch: 'batchSize',
  micro: 'microBatchSize',
  memory: 'memoryBudgetMiB',
  warmup: 'warmupSteps',
  decay: 'weightDecay',
  clip: 'maxGradNorm',
  eval: 'evalEvery',
  seed: 'seed',
};
const DEVICES: Readonly<Record<string, DeviceChoice>> = { auto: 'auto', webgpu: 'webgpu', wasm: 'wasm' };
const METHODS: Readonly<Record<string, MethodName>> = { prefix: 'prefix', prompt: 'prompt', lora: 'lora' };
const INITS: Readonly<Record<string, SettingsState['initType']>> = {
  text: 'text',
  vocabulary: 'vocabulary',
  vocab: 'vocabulary',
  random: 'random',
  zero: 'zero',
};

const ROLES: Readonly<Record<string, LoraRole>> = {
  q: 'q',
  k: 'k',
  v: 'v',
  o: 'o',
  gate: 'gate',
  up: 'up',
  down: 'down',
};

export function parseUrl(search: string): UrlState {
  const query = new URLSearchParams(search);
  const problems: string[] = [];
  const settings: { -readonly [K in keyof SettingsState]?: SettingsState[K] } = {};

  const method = query.get('method');
  const named = METHODS[method ?? ''];
  if (named !== undefined) settings.method = named;
  else if (method !== null) problems.push(`method=${method} is none of prefix, prompt, lora; prefix is used.`);

  const init = query.get('init');
  if (init !== null) {
    const type = INITS[init];
    if (type === undefined) problems.push(`init=${init} is none of text, vocabulary, random, zero.`);
    else settings.initType = type;
  }
  const text = query.get('text');
  if (text !== null) settings.initText = text;
  const targets = readTargets(query.get('targets'), problems);
  if (targets.length > 0) settings.targets = targets;

  for (const [name, field] of Object.entries(NUMBERS)) {
    const given = query.get(name);
    if (given === null) continue;
    const value = Number(given);
    const rule = RULES.find((candidate) => candidate.field === field);
    const fits =
      rule !== undefined && value >= rule.min && value <= rule.max && (!rule.whole || Number.isInteger(value));
    if (given.trim() !== '' && fits) settings[field] = value;
    else
      problems.push(
        `${name}=${given} is not ${rule?.whole ? 'a whole' : 'a'} number from ${rule?.min} to ${rule?.max}.`,
      );
  }

  // A width says that there is to be a network.
  if (settings.encoderWidth !== undefined) settings.encoded = true;

  const device = query.get('device');
  const known = device === null ? 'auto' : DEVICES[device];
  if (known === undefined) problems.push(`device=${device} is none of auto, webgpu, wasm; auto is used.`);

  return {
    model: readModel(query.get('model'), problems),
    dtype: query.get('dtype') || null,
    device: known ?? 'auto',
    sample: query.get('sample'),
    prompt: query.get('prompt'),
    settings,
    problems,
  };
}

function readTargets(given: string | null, problems: string[]): LoraRole[] {
  if (given === null) return [];
  const roles = new Set<LoraRole>();
  for (const name of given.split(',')) {
    const role = ROLES[name.trim()];
    if (role === undefined) problems.push(`targets=${name} is none of ${Object.keys(ROLES).join(', ')}.`);
    else roles.add(role);
  }
  return [...roles];
}

/** One word is a model beside the page; with a slash it is one of the hub, or an address. */
function readModel(given: string | null, problems: string[]): ModelSource {
  const bundled = (name: string): ModelSource => ({ type: 'bundled', name });
  if (!given) return bundled(BUNDLED_MODEL);
  if (!given.includes('/')) return bundled(given);
  try {
    return parseModelAddress(given);
  } catch (thrown) {
    if (!(thrown instanceof PreludeError)) throw thrown;
    problems.push(`${thrown.message} ${BUNDLED_MODEL} is loaded.`);
    return bundled(BUNDLED_MODEL);
  }
}
