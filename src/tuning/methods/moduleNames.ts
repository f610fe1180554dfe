/**
 * Linear layers of a file as PyTorch modules, by the paths that PEFT writes into an adapter: those of transformers 5. What
 * is one module there is one target here: rows of a packed matrix where the family has separate modules, all of it where
 * it has one. Roles that the file keeps apart and PyTorch does not (Phi-3's queries, keys and values) are not offered.
 */
import type { LinearModule, LinearRole } from '../../autodiff';
import type { LoraModule } from './adapterValues';

export interface LoraTarget {
  readonly module: LoraModule;
  readonly roles: readonly LinearRole[];
  readonly linear: LinearModule;
  /** The weight is a Conv1D, stored transposed: PEFT calls it `fan_in_fan_out`. */
  readonly conv1d: boolean;
  /** Paths of all modules of the family whose path ends in the same name, this one and those that are no targets included. */
  readonly namesakes: readonly string[];
}

interface Family {
  /** Path of the list of layers. */
  readonly layers: string;
  /** What a module below a layer computes. */
  readonly modules: Readonly<Record<string, readonly LinearRole[]>>;
  readonly conv1d?: true;
}

const qkv = ['q', 'k', 'v'] as const;

const separate = (attention: string, output: string): Family['modules'] => ({
  [`${attention}.q_proj`]: ['q'],
  [`${attention}.k_proj`]: ['k'],
  [`${attention}.v_proj`]: ['v'],
  [`${attention}.${output}`]: ['o'],
});
const together = (attention: string, packed: string, output: string): Family['modules'] => ({
  [`${attention}.${packed}`]: qkv,
  [`${attention}.${output}`]: ['o'],
});
const plain = (up: string, down: string): Family['modules'] => ({ [up]: ['up'], [down]: ['down'] });
const gated = (mlp: string): Family['modules'] => ({
  [`${mlp}.gate_proj`]: ['gate'],
  [`${mlp}.up_proj`]: ['up'],
  [`${mlp}.down_proj`]: ['down'],
});
const gateUp: Family['modules'] = { 'mlp.gate_up_proj': ['gate', 'up'], 'mlp.down_proj': ['down'] };

const llamaAttention = separate('self_attn', 'o_proj');
const wideMlp = plain('mlp.dense_h_to_4h', 'mlp.dense_4h_to_h');
const bloom: Family = {
  layers: 'transformer.h',
  modules: { ...together('self_attention', 'query_key_value', 'dense'), ...wideMlp },
};
const gptNeoX: Family = {
  layers: 'gpt_neox.layers',
  modules: { ...together('attention', 'query_key_value', 'dense'), ...wideMlp },
};
const gptBigCode: Family = {
  layers: 'transformer.h',
  modules: { ...together('attn', 'c_attn', 'c_proj'), ...plain('mlp.c_fc', 'mlp.c_proj') },
};
const fairseq = { ...separate('self_attn', 'out_proj'), ...plain('fc1', 'fc2') };
const glm: Family = { layers: 'model.layers', modules: { ...llamaAttention, ...gateUp } };

/** By `model_type` of config.json. All others are taken for Llama's, as are most of transformers. */
const families: Readonly<Record<string, Family>> = {
  biogpt: { layers: 'biogpt.layers', modules: fairseq },
  bloom,
  codegen: {
    layers: 'transformer.h',
    modules: { ...together('attn', 'qkv_proj', 'out_proj'), ...plain('mlp.fc_in', 'mlp.fc_out') },
  },
  falcon: bloom,
  glm,
  glm4: glm,
  gpt2: { ...gptBigCode, conv1d: true },
  gpt_bigcode: gptBigCode,
  gpt_neo: {
    layers: 'transformer.h',
    modules: { ...separate('attn.attention', 'out_proj'), ...plain('mlp.c_fc', 'mlp.c_proj') },
  },
  gpt_neox: gptNeoX,
  gpt_neox_japanese: { ...gptNeoX, layers: 'gpt_neox_japanese.layers' },
  /** Its experts are no linear modules. */
  gpt_oss: { layers: 'model.layers', modules: llamaAttention },
  gptj: {
    layers: 'transformer.h',
    modules: { ...separate('attn', 'out_proj'), ...plain('mlp.fc_in', 'mlp.fc_out') },
  },
  llama4_text: { layers: 'model.layers', modules: { ...llamaAttention, ...gated('feed_forward') } },
  mpt: {
    layers: 'transformer.blocks',
    modules: { ...together('attn', 'Wqkv', 'out_proj'), ...plain('ffn.up_proj', 'ffn.down_proj') },
  },
  nanochat: { layers: 'model.layers', modules: { ...llamaAttention, ...plain('mlp.fc1', 'mlp.fc2') } },
  opt: { layers: 'model.decoder.layers', modules: fairseq },
  persimmon: {
    layers: 'model.layers',
    modules: { ...together('self_attn', 'query_key_value', 'dense'), ...wideMlp },
  },
  phi: { layers: 'model.layers', modules: { ...separate('self_attn', 'dense'), ...plain('mlp.fc1', 'mlp.fc2') } },
  phi3: { layers: 'model.layers', modules: { ...together('self_attn', 'qkv_proj', 'o_proj'), ...gateUp } },
  starcoder2: { layers: 'model.layers', modules: { ...llamaAttention, ...plain('mlp.c_fc', 'mlp.c_proj') } },
  xglm: { layers: 'model.layers', modules: fairseq },
};
const llama: Family = { layers: 'model.layers', modules: { ...llamaAttention, ...gated('mlp') } };

/**
 * @param modelType `model_type` of config.json
 * @returns the modules that can have an update of their own, by layer
 */
export function loraTargets(modelType: string, linears: readonly LinearModule[]): LoraTarget[] {
  const family = Object.hasOwn(families, modelType) ? (families[modelType] as Family) : llama;
  const layers = [...new Set(linears.map(({ layer }) => layer))];
  const names = Object.keys(family.modules);
  const pathOf = (layer: number, name: string) => `${family.layers}.${layer}.${name}`;
  const namesakes = new Map(
    names.map((name) => {
      const same = names.filter((other) => lastOf(other) === lastOf(name));
      return [name, layers.flatMap((layer) => same.map((other) => pathOf(layer, other)))] as const;
    }),
  );
  return layers.flatMap((layer) => {
    const ofLayer = ofItsKind(
      linears.filter((linear) => linear.layer === layer),
      family,
    );
    return Object.entries(family.modules).flatMap(([name, roles]) => {
      const linear = moduleOf(ofLayer, roles);
      if (!linear) return [];
      const { inFeatures, outFeatures } = linear;
      const module = { path: pathOf(layer, name), inFeatures, outFeatures };
      const conv1d = family.conv1d ?? false;
      return [{ module, roles, linear, conv1d, namesakes: namesakes.get(name) ?? [] }];
    });
  });
}

const lastOf = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

/** Without a gated feed-forward part where the family has plain ones: config.json is of another model then. */
function ofItsKind(linears: readonly LinearModule[], { modules }: Family): readonly LinearModule[] {
  const isGated = ({ roles }: Pick<LinearModule, 'roles'>) => roles.includes('gate');
  if (!linears.some(isGated) || Object.values(modules).some((roles) => isGated({ roles }))) return linears;
  return linears.filter(({ roles }) => !roles.some((role) => role === 'gate' || role === 'up' || role === 'down'));
}

/** The module of these roles and no others, or a whole matrix where its runs of rows are just these. */
function moduleOf(linears: readonly LinearModule[], roles: readonly LinearRole[]): LinearModule | null {
  const wanted = linears.filter((linear) => linear.roles.some((role) => roles.includes(role)));
  const [first] = wanted;
  if (!first || wanted.some(({ output }) => output !== first.output)) return null;
  if (wanted.flatMap((linear) => linear.roles).join() !== roles.join()) return null;
  const outFeatures = wanted.reduce((sum, linear) => sum + linear.outFeatures, 0);
  return { ...first, roles, outFeatures };
}
