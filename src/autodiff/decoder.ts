/**
 * What makes an ONNX graph a decoder: token ids in, logits out, and for every layer a past key and value with their
 * present counterparts. Found by the names exporters use; nothing here depends on a model family.
 */
import { ModelError } from '../errors';
import type { Model, ValueInfo } from '../onnx';

export interface DecoderLayer {
  readonly pastKey: string;
  readonly pastValue: string;
  readonly presentKey: string;
  readonly presentValue: string;
  readonly kvHeads: number;
  readonly headDim: number;
}

export interface Decoder {
  readonly model: Model;
  readonly inputIds: string;
  readonly attentionMask: string | null;
  readonly positionIds: string | null;
  /** bool [1] of a merged decoder: true takes the branch with a past. */
  readonly useCacheBranch: string | null;
  /** int64 scalar of exports that can leave out the logits of all but the last tokens: 0 keeps all. */
  readonly logitsToKeep: string | null;
  readonly logits: string;
  readonly layers: readonly DecoderLayer[];
}

/** Values that the file leaves symbolic, taken from config.json. */
export interface DecoderHints {
  readonly kvHeads?: number | undefined;
  readonly headDim?: number | undefined;
}

const PAST = /^past(?:_key_values)?\.(\d+)\.(key|value)$/;
const PRESENT = /^present(?:_key_values)?\.(\d+)\.(key|value)$/;
const HINT = 'Choose an export for text generation with past (decoder_model_merged, model.onnx with past_key_values).';

function byLayer(values: readonly ValueInfo[], pattern: RegExp): Map<string, ValueInfo> {
  const found = new Map<string, ValueInfo>();
  for (const value of values) {
    const match = pattern.exec(value.name);
    if (match) found.set(`${Number(match[1])}.${match[2]}`, value);
  }
  return found;
}

/** @throws ModelError if the graph is not a decoder with a key-value cache. */
export function describeDecoder(model: Model, hints: DecoderHints = {}): Decoder {
  const { inputs, outputs } = model.graph;
  const has = (name: string) => (inputs.some((input) => input.name === name) ? name : null);
  const inputIds = has('input_ids');
  const logits = outputs.find((output) => output.name === 'logits');
  const past = byLayer(inputs, PAST);
  const present = byLayer(outputs, PRESENT);
  if (!inputIds) throw new ModelError('The graph has no input named input_ids: it is not a text decoder.', {}, HINT);
  if (!logits) throw new ModelError('The graph has no output named logits: it is not a text decoder.', {}, HINT);
  if (past.size === 0) throw new ModelError('The graph has no past_key_values inputs to put a prefix in.', {}, HINT);
  // Counted by the highest number, so that a layer that is not whole is noticed wherever it stands.
  const count = 1 + Math.max(...[...past.keys(), ...present.keys()].map((key) => Number.parseInt(key, 10)));
  const layers = Array.from({ length: count }, (_, layer): DecoderLayer => {
    const [key, value] = [past.get(`${layer}.key`), past.get(`${layer}.value`)];
    const [presentKey, presentValue] = [present.get(`${layer}.key`), present.get(`${layer}.value`)];
    if (!key || !value || !presentKey || !presentValue) {
      throw new ModelError(`Layer ${layer} lacks a past or present key or value.`, {}, HINT);
    }
    return {
      pastKey: key.name,
      pastValue: value.name,
      presentKey: presentKey.name,
      presentValue: presentValue.name,
      kvHeads: staticDim(key, 1, hints.kvHeads),
      headDim: staticDim(key, 3, hints.headDim),
    };
  });
  return {
    model,
    inputIds,
    attentionMask: has('attention_mask'),
    positionIds: has('position_ids'),
    useCacheBranch: has('use_cache_branch'),
    logitsToKeep: has('num_logits_to_keep'),
    logits: logits.name,
    layers,
  };
}

function staticDim(value: ValueInfo, axis: number, hint: number | undefined): number {
  const dim = value.dims[axis];
  if (typeof dim === 'number') return dim;
  if (hint !== undefined) return hint;
  throw new ModelError(
    `Dimension ${axis} of ${value.name} is ${dim ?? 'unknown'} in the file.`,
    { field: value.name },
    'Add config.json of the model, which says how many key-value heads it has and how wide they are.',
  );
}
