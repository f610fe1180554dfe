/**
 * LoRA in PEFT's files: for each module A [r, in] and B [out, r]. What PEFT can say and our adapters cannot (a rank or an
 * alpha of its own for some modules, rank-stabilised scaling) is brought to one rank and one scale with the same product.
 */
import { AdapterError } from '../errors';
import type { LoraModule, LoraTarget, LoraValues } from '../tuning';
import { joinFloats } from '../tuning';
import { finiteValues } from './finite';
import type { AdapterFormat, ReadContext } from './format';
import { refuseVariants, unusable } from './loraVariants';
import { modulePattern } from './modulePattern';
import type { FloatTensor, SafeTensor } from './safetensors';

const PREFIX = 'base_model.model.';
const PAIR = /^base_model\.model\.(.+)\.lora_([AB])\.weight$/;
const NAMES = {
  a: (path: string) => `${PREFIX}${path}.lora_A.weight`,
  b: (path: string) => `${PREFIX}${path}.lora_B.weight`,
};
/** What PEFT takes `lora_alpha` to be where a config does not say. */
const DEFAULT_ALPHA = 8;
const MAX_RANK = 4096;
const SMALLER = 'Make one of a lower rank.';
/** At one rank for all modules: 1 GiB of float32. */
const MAX_NUMBERS = 2 ** 28;

export const loraFormat: AdapterFormat<LoraValues> = {
  types: ['LORA'],
  recognises: (tensors) => [...tensors.keys()].some((name) => PAIR.test(name)),
  config: ({ rank, alpha, modules }, baseModel, { targets }) => ({
    alora_invocation_tokens: null,
    alpha_pattern: {},
    arrow_config: null,
    auto_mapping: null,
    base_model_name_or_path: baseModel,
    bias: 'none',
    corda_config: null,
    ensure_weight_tying: false,
    eva_config: null,
    exclude_modules: null,
    fan_in_fan_out: modules.some(({ path }) => targets.some(({ module, conv1d }) => conv1d && module.path === path)),
    inference_mode: true,
    init_lora_weights: true,
    kasa_config: null,
    layer_replication: null,
    layers_pattern: null,
    layers_to_transform: null,
    loftq_config: {},
    lora_alpha: alpha,
    lora_bias: false,
    lora_dropout: 0.0,
    lora_ga_config: null,
    megatron_config: null,
    megatron_core: 'megatron.core',
    modules_to_save: null,
    monteclora_config: null,
    peft_type: 'LORA',
    peft_version: '0.21.0',
    qalora_group_size: 16,
    r: rank,
    rank_pattern: {},
    revision: null,
    target_modules: targetModules(modules, targets),
    target_parameters: null,
    task_type: 'CAUSAL_LM',
    trainable_token_indices: null,
    use_bdlora: null,
    use_dora: false,
    use_qalora: false,
    use_rslora: false,
    velora_config: null,
  }),
  tensors({ rank, modules, values }) {
    let offset = 0;
    const take = (size: number) => {
      offset += size;
      return values.subarray(offset - size, offset);
    };
    return modules.flatMap(({ path, inFeatures, outFeatures }): FloatTensor[] => [
      { name: NAMES.a(path), dims: [rank, inFeatures], values: take(rank * inFeatures) },
      { name: NAMES.b(path), dims: [outFeatures, rank], values: take(outFeatures * rank) },
    ]);
  },
  read(context) {
    refuseVariants(context);
    refuseOtherTensors(context);
    const pairs = pairsOf(context);
    const ranks = pairs.map(({ rank }) => rank);
    const rank = Math.max(...ranks);
    refuseTooLarge(pairs, rank, context);
    const alphaOf = alphas(context);
    const scales = pairs.map(({ module, rank: own }) => scaleOf(alphaOf(module.path), own, context));
    const scale = scales[0] as number;
    // One alpha where all modules have it; else alpha = rank, and each scale goes into its B.
    const uniform = ranks.every((one) => one === rank) && scales.every((one) => one === scale);
    const alpha = uniform ? scale * rank : rank;
    const parts = pairs.flatMap(({ a, b, module, rank: own }, i) => [
      padded(a, own, rank, module.inFeatures),
      widened(b, own, rank, module.outFeatures, uniform ? 1 : (scales[i] as number)),
    ]);
    return { method: 'lora', rank, alpha, modules: pairs.map(({ module }) => module), values: joinFloats(parts) };
  },
};

/** Last segments of the paths where they mean these modules and no others of the family's; else whole paths. */
function targetModules(modules: readonly LoraModule[], targets: readonly LoraTarget[]): string[] {
  const chosen = new Set(modules.map(({ path }) => path));
  const meant = targets.every(
    ({ module, namesakes }) => !chosen.has(module.path) || namesakes.every((path) => chosen.has(path)),
  );
  return [...(meant ? new Set(modules.map(({ path }) => path.split('.').at(-1) ?? path)) : chosen)].sort();
}

/** What they mean would be lost. */
function refuseOtherTensors({ tensors, file }: ReadContext): void {
  const other = [...tensors.keys()].find((name) => !PAIR.test(name));
  if (other !== undefined) throw unusable(`also holds ${other}`, { file, field: other });
}

interface Pair {
  readonly module: LoraModule;
  readonly rank: number;
  readonly a: Float32Array;
  readonly b: Float32Array;
}

/** In the model's order. */
function pairsOf(context: ReadContext): Pair[] {
  const { tensors, expected, file } = context;
  const paths = new Set([...tensors.keys()].map((name) => PAIR.exec(name)?.[1] ?? ''));
  const found = expected.targets.filter(({ module }) => paths.has(module.path));
  const unknown = [...paths].filter((path) => !found.some(({ module }) => module.path === path));
  if (found.length === 0 || unknown.length > 0) {
    const names = (unknown.length > 0 ? unknown : [...paths]).slice(0, 3).join(', ');
    throw new AdapterError(
      `This LoRA adapter updates layers that the loaded model does not have, or that Prelude does not find in its file: ${names}${unknown.length > 3 ? ` and ${unknown.length - 3} more` : ''}.`,
      { file, field: unknown[0] ?? 'lora_A' },
      'Load the model that this adapter was made for.',
    );
  }
  return found.map(({ module }) => pairOf(module, context));
}

function pairOf(module: LoraModule, { tensors, file }: ReadContext): Pair {
  const { path, inFeatures, outFeatures } = module;
  const [a, b] = [tensors.get(NAMES.a(path)), tensors.get(NAMES.b(path))];
  const [rank = 0] = a?.dims ?? [];
  const fits = (tensor: SafeTensor | undefined, rows: number, columns: number): tensor is SafeTensor =>
    tensor?.dims.length === 2 && tensor.dims[0] === rows && tensor.dims[1] === columns;
  if (rank < 1 || !fits(a, rank, inFeatures) || !fits(b, outFeatures, rank)) {
    const shape = (tensor: SafeTensor | undefined) => (tensor ? `[${tensor.dims.join(', ')}]` : 'missing');
    throw new AdapterError(
      `This LoRA adapter is for another model: of ${path} A is ${shape(a)} and B is ${shape(b)}, where the loaded model needs [r, ${inFeatures}] and [${outFeatures}, r].`,
      { file, field: path },
      'Load the model that this adapter was made for.',
    );
  }
  if (rank > MAX_RANK) {
    throw unusable(`has the rank ${rank} for ${path}, above ${MAX_RANK}`, { file, field: path }, SMALLER);
  }
  const values = (tensor: SafeTensor) => finiteValues(tensor, file, () => `in ${tensor.name}`);
  return { module, rank, a: values(a), b: values(b) };
}

/** One large rank among many modules makes all of them as large. */
function refuseTooLarge(pairs: readonly Pair[], rank: number, { file }: ReadContext): void {
  const numbers = pairs.reduce((sum, { module }) => sum + rank * (module.inFeatures + module.outFeatures), 0);
  if (numbers <= MAX_NUMBERS) return;
  const size = `${numbers.toLocaleString('en')} numbers at its highest rank, ${rank}`;
  throw unusable(`has ${size}, more than ${MAX_NUMBERS.toLocaleString('en')}`, { file, field: 'r' }, SMALLER);
}

/**
 * @returns alpha by a module's path: the first pattern that the end of the path matches, as in PEFT; null without a config
 * @throws AdapterError for a pattern that Prelude does not read
 */
function alphas({ config, file }: ReadContext): (path: string) => number | null {
  if (!config) return () => null;
  const patterns = Object.entries(config.alpha_pattern ?? {}).map(([pattern, alpha]) => {
    const matches = modulePattern(pattern);
    if (matches) return { matches, alpha };
    throw unusable(
      `names modules by the pattern ${pattern}`,
      { file, field: 'alpha_pattern' },
      'Write names of modules into its adapter_config.json instead, or a pattern of names, dots, \\d+, .* and |.',
    );
  });
  return (path) => patterns.find(({ matches }) => matches(path))?.alpha ?? config.lora_alpha ?? DEFAULT_ALPHA;
}

/** @throws AdapterError where nothing says how strong the update is */
function scaleOf(configured: number | null, rank: number, { config, metadata, file }: ReadContext): number {
  if (configured !== null) return configured / (config?.use_rslora ? Math.sqrt(rank) : rank);
  const alpha = Number(metadata.lora_alpha ?? Number.NaN);
  if (Number.isFinite(alpha)) return alpha / rank;
  throw new AdapterError(
    `${file} does not say how strong its updates are: lora_alpha is in adapter_config.json.`,
    { file, field: 'lora_alpha' },
    'Choose adapter_config.json together with it.',
  );
}

/** A [own, in] with rows of zeros below. */
function padded(a: Float32Array, own: number, rank: number, inFeatures: number): Float32Array {
  if (own === rank) return a;
  const rows = new Float32Array(rank * inFeatures);
  rows.set(a);
  return rows;
}

/** B [out, own] with columns of zeros to the right, times its scale. */
function widened(b: Float32Array, own: number, rank: number, outFeatures: number, scale: number): Float32Array {
  if (own === rank && scale === 1) return b;
  const wide = new Float32Array(outFeatures * rank);
  for (let row = 0; row < outFeatures; row++) {
    for (let k = 0; k < own; k++) wide[row * rank + k] = scale * (b[row * own + k] as number);
  }
  return wide;
}
