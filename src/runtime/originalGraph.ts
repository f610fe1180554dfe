/**
 * The model's own graph, run by ONNX Runtime as the file has it: for a model that the compiler cannot open up. It goes
 * forward for one text at a time, and nothing can be trained through it. On wasm alone: ONNX Runtime's fused attention on
 * GPUs has been silently wrong before, and here there would be nothing to hold it against.
 */
import type { Decoder } from '../autodiff';
import { DeviceError, ModelError } from '../errors';
import type { DataType, Graph, Initializer, Model, ValueInfo } from '../onnx';
import { writeModel } from '../onnx';
import type { DeviceTensor, HostArray, Session } from './backend';
import { bytesOfArray } from './hostArray';
import type { LoadedDecoder } from './loadedDecoder';
import { readFloats } from './program';

/** Types that no device of ours holds as they are. */
const WIDENED: ReadonlySet<DataType> = new Set(['bfloat16', 'float64']);

/** Keys and values of what was read so far, by the names of the graph's past inputs; null before anything was. */
export interface Past {
  readonly tensors: Readonly<Record<string, DeviceTensor>>;
  readonly length: number;
}

export class OriginalGraph {
  private constructor(
    private readonly loaded: LoadedDecoder,
    private readonly session: Session,
    private readonly weights: Readonly<Record<string, DeviceTensor>>,
  ) {}

  /** @throws DeviceError if ONNX Runtime does not know the graph either, or the model lies on another device than wasm */
  static async open(loaded: LoadedDecoder): Promise<OriginalGraph> {
    const { backend, store, decoder } = loaded;
    if (backend.kind !== 'wasm') throw new DeviceError("The model's own graph runs on wasm only.");
    textInputs(decoder);
    const { model, lifted } = weightsAsInputs(decoder.model);
    const weights = Object.fromEntries(
      lifted.map(({ name, dataType, dims }) => {
        if (!WIDENED.has(dataType)) return [name, store.view({ weight: name, dataType, dims })];
        throw new ModelError(
          `The weight ${name} is ${dataType}, which Prelude keeps as float32: the model's own graph cannot take it.`,
          { field: name },
          'Try the fp32 or fp16 file of this model.',
        );
      }),
    );
    return new OriginalGraph(loaded, await backend.createSession(writeModel(model)), weights);
  }

  /** Nothing read yet. */
  start(): Past {
    const { decoder, backend } = this.loaded;
    const types = new Map(decoder.model.graph.inputs.map(({ name, dataType }) => [name, dataType]));
    const empty = decoder.layers.flatMap(({ pastKey, pastValue, kvHeads, headDim }) =>
      [pastKey, pastValue].map((name) => {
        const dataType = types.get(name) ?? 'float32';
        return [name, backend.allocate(dataType, [1, kvHeads, 0, headDim])] as const;
      }),
    );
    return { tensors: Object.fromEntries(empty), length: 0 };
  }

  /** Reads tokens after `past`, which is freed. @returns logits after the last token, [vocabulary] */
  async read(tokenIds: readonly number[], past: Past): Promise<{ readonly logits: Float32Array; readonly past: Past }> {
    const { backend, decoder } = this.loaded;
    const fed = this.feedsFor(tokenIds, past);
    try {
      const outputs = await this.session.run({ ...this.weights, ...past.tensors, ...fed });
      const all = await readFloats(backend, outputs[decoder.logits]);
      const vocabulary = outputs[decoder.logits]?.dims.at(-1) ?? 0;
      const next = decoder.layers.flatMap((layer) => [
        [layer.pastKey, outputs[layer.presentKey] as DeviceTensor] as const,
        [layer.pastValue, outputs[layer.presentValue] as DeviceTensor] as const,
      ]);
      const kept = new Set(next.map(([, tensor]) => tensor));
      for (const tensor of Object.values(outputs)) if (!kept.has(tensor)) backend.free(tensor);
      return {
        logits: all.slice(all.length - vocabulary),
        past: { tensors: Object.fromEntries(next), length: past.length + tokenIds.length },
      };
    } finally {
      for (const tensor of Object.values(fed)) backend.free(tensor);
      this.forget(past);
    }
  }

  forget(past: Past): void {
    for (const tensor of Object.values(past.tensors)) this.loaded.backend.free(tensor);
  }

  release(): Promise<void> {
    return this.session.release();
  }

  private feedsFor(tokenIds: readonly number[], past: Past): Record<string, DeviceTensor> {
    const { decoder, backend } = this.loaded;
    const count = tokenIds.length;
    const feeds = textInputs(decoder).map(({ input, kind }) => {
      const { dims, numbers } = FEEDS[kind](tokenIds, past.length, count);
      return [
        input.name,
        backend.upload(input.dataType, dims, bytesOfArray(numbersAs(input.dataType, numbers))),
      ] as const;
    });
    return Object.fromEntries(feeds);
  }
}

type Kind = 'ids' | 'mask' | 'positions' | 'branch' | 'keep';
type Feed = (ids: readonly number[], past: number, count: number) => { dims: number[]; numbers: readonly number[] };

const FEEDS: Readonly<Record<Kind, Feed>> = {
  ids: (ids, _, count) => ({ dims: [1, count], numbers: ids }),
  mask: (_, past, count) => ({ dims: [1, past + count], numbers: new Array(past + count).fill(1) }),
  positions: (ids, past, count) => ({ dims: [1, count], numbers: ids.map((_, i) => past + i) }),
  branch: () => ({ dims: [1], numbers: [1] }),
  keep: () => ({ dims: [], numbers: [1] }),
};

/** The inputs beside the past, and what is to be fed. @throws ModelError at one that nobody here knows */
function textInputs(decoder: Decoder): { readonly input: ValueInfo; readonly kind: Kind }[] {
  const pasts = new Set(decoder.layers.flatMap(({ pastKey, pastValue }) => [pastKey, pastValue]));
  const { inputs, initializers } = decoder.model.graph;
  const kinds = new Map<string | null, Kind>([
    [decoder.inputIds, 'ids'],
    [decoder.attentionMask, 'mask'],
    [decoder.positionIds, 'positions'],
    [decoder.useCacheBranch, 'branch'],
    [decoder.logitsToKeep, 'keep'],
  ]);
  return inputs
    .filter(({ name }) => !pasts.has(name) && !initializers.has(name))
    .map((input) => {
      const kind = kinds.get(input.name);
      if (kind) return { input, kind };
      throw new ModelError(
        `The model asks for an input ${input.name}, which Prelude cannot provide.`,
        { field: input.name },
        'Try another export of the model.',
      );
    });
}

function numbersAs(dataType: DataType, numbers: readonly number[]): HostArray {
  switch (dataType) {
    case 'int64':
      return BigInt64Array.from(numbers, BigInt);
    case 'int32':
      return Int32Array.from(numbers);
    case 'bool':
      return Uint8Array.from(numbers);
    case 'float32':
      return Float32Array.from(numbers);
    default:
      throw new ModelError(`The model asks for token ids, a mask or positions as ${dataType}.`);
  }
}

interface Lifted {
  readonly model: Model;
  readonly lifted: readonly Initializer[];
}

/** The same model with the weights that lie in the store as inputs; small ones, which shapes may hang on, stay inside. */
function weightsAsInputs(model: Model): Lifted {
  const lifted: Initializer[] = [];
  const without = (graph: Graph): Graph => {
    const small = [...graph.initializers].filter(([, initializer]) => initializer.bytes);
    for (const initializer of graph.initializers.values()) if (!initializer.bytes) lifted.push(initializer);
    return {
      ...graph,
      initializers: new Map(small),
      nodes: graph.nodes.map((node) => ({
        ...node,
        attributes: Object.fromEntries(
          Object.entries(node.attributes).map(([name, attribute]) => [
            name,
            attribute.type === 'graph' ? { ...attribute, value: without(attribute.value) } : attribute,
          ]),
        ),
      })),
    };
  };
  const graph = without(model.graph);
  const own = graph.inputs.filter(({ name }) => !model.graph.initializers.has(name));
  const inputs: ValueInfo[] = [...own, ...lifted.map(({ name, dataType, dims }) => ({ name, dataType, dims }))];
  return { model: { ...model, graph: { ...graph, inputs } }, lifted };
}
