/**
 * A decoder with its weights on a device, and the programs compiled for it so far, one per shape. Programs come and go;
 * weights stay until `dispose`.
 */
import {
  buildEmbeddingGraph,
  buildForwardGraph,
  buildNeighbourGraph,
  buildPrefixGraph,
  buildTrainingGraph,
  type CompileTarget,
  type Decoder,
  type DecoderHints,
  describeDecoder,
  type ForwardShape,
  type Graft,
  type GraphCost,
  names,
  type Trainability,
  type TrainingShape,
  trainabilityOf,
} from '../autodiff';
import type { ByteChunks, Model, OpenExternal, TensorInfo } from '../onnx';
import { byteLengthOf, elementCount, readModel } from '../onnx';
import type { Backend } from './backend';
import { Program } from './program';
import { ProgramCache } from './programCache';
import { WeightStore } from './weightStore';

/** WebGPU promises 8 storage buffers per shader: these, and the one they are joined to. */
const MAX_SHADER_PARTS = 7;
/** Up to this size a float32 copy of all weights is worth its memory on wasm: a step takes a quarter less time. */
const FLOAT_COPY_LIMIT_BYTES = 768 * 2 ** 20;

export interface LoadOptions {
  readonly file?: string;
  readonly byteLength?: number;
  readonly external?: OpenExternal;
  readonly hints?: DecoderHints;
  /** Default: `float` on wasm where the copy is small enough, else `quantized`. */
  readonly weights?: CompileTarget['weights'];
  /** Default: float16 on a GPU that has it. */
  readonly float16Cache?: boolean;
  /** Positions that the model has; default: no limit is known. */
  readonly contextLength?: number;
}

export class LoadedDecoder {
  /** The programs compiled so far, for all shapes. */
  readonly programs: ProgramCache;
  private width: number | null = null;

  private constructor(
    readonly decoder: Decoder,
    readonly store: WeightStore,
    readonly target: CompileTarget,
    /** Numbers in the weights, quantized ones counted one by one. */
    readonly parameters: number,
    readonly trainability: Trainability,
    /** Most slots and tokens that one graph may span: the model's tables of positions and masks end there. */
    readonly contextLength: number,
  ) {
    this.programs = new ProgramCache((graph) => Program.open(graph, store));
  }

  get backend(): Backend {
    return this.store.backend;
  }

  /** Streams the file: each weight goes to the device as soon as its bytes are there. */
  static async load(backend: Backend, chunks: ByteChunks, options: LoadOptions = {}): Promise<LoadedDecoder> {
    const store = new WeightStore(backend);
    try {
      const model = await readModel(chunks, {
        ...(options.file && { file: options.file }),
        ...(options.byteLength && { byteLength: options.byteLength }),
        ...(options.external && { external: options.external }),
        onTensor: (tensor) => store.add(tensor),
      });
      const parameters = countParameters(model);
      const decoder = describeDecoder(model, options.hints);
      const weights = options.weights ?? weightsMode(backend, parameters);
      const trainability = trainabilityOf(decoder, targetFor(store, weights));
      // A graph that runs as the file has it takes the weights as the file has them.
      if (weights === 'float' && store.keepsFloat16 && trainability.kind !== 'opaque') await store.widen();
      const { contextLength = Number.POSITIVE_INFINITY } = options;
      const float16Cache = options.float16Cache ?? (backend.kind === 'webgpu' && store.keepsFloat16);
      const target = targetFor(store, weights, float16Cache && hasEvenHeads(decoder));
      return new LoadedDecoder(decoder, store, target, parameters, trainability, contextLength);
    } catch (error) {
      await store.dispose();
      throw error;
    }
  }

  /** The same model on another backend, from the weights as they lie on this one. */
  static async copyTo(backend: Backend, from: LoadedDecoder): Promise<LoadedDecoder> {
    const store = new WeightStore(backend, { float16: from.store.keepsFloat16 });
    for await (const tensor of from.store.contents()) store.add(tensor);
    const target = targetFor(store, 'quantized');
    return new LoadedDecoder(from.decoder, store, target, from.parameters, from.trainability, from.contextLength);
  }

  training(graft: Graft, shape: TrainingShape): Promise<Program> {
    return this.programs.get(trainingKey(graft, shape), () => this.trainingGraph(graft, shape));
  }

  /** @param graft see `buildForwardGraph` */
  forward(shape: ForwardShape, graft: Graft | null = null): Promise<Program> {
    return this.programs.get(forwardKey(shape, graft), () => this.forwardGraph(shape, graft));
  }

  /** Computes the prefix that a graft amounts to. */
  prefix(graft: Graft): Promise<Program> {
    const build = () => buildPrefixGraph(this.decoder, graft, this.target);
    return this.programs.get(`prefix of ${graft.key}`, build);
  }

  /** Looks tokens up in the model's table; see `buildEmbeddingGraph`. */
  embedding(tokens: number): Promise<Program> {
    return this.programs.get(`embedding ${tokens}`, () => buildEmbeddingGraph(this.decoder, tokens, this.target));
  }

  /** How near tokens of the model's table are to some vectors; see `buildNeighbourGraph`. */
  neighbours(vectors: number, tokens: number): Promise<Program> {
    const build = () => buildNeighbourGraph(this.decoder, vectors, tokens, this.target);
    return this.programs.get(`neighbours ${vectors} ${tokens}`, build);
  }

  /** Width of the embeddings that stand for tokens. @throws ModelError as `embeddingOutputs` */
  get embeddingWidth(): number {
    this.width ??= buildEmbeddingGraph(this.decoder, 1, this.target).outputs[names.embeddings]?.dims[1] ?? 0;
    return this.width;
  }

  /** What a step of this shape would take; compiles the graph, opens nothing, and remembers the answer. */
  trainingCost(graft: Graft, shape: TrainingShape): GraphCost {
    return this.programs.cost(trainingKey(graft, shape), () => this.trainingGraph(graft, shape));
  }

  forwardCost(shape: ForwardShape, graft: Graft | null = null): GraphCost {
    return this.programs.cost(forwardKey(shape, graft), () => this.forwardGraph(shape, graft));
  }

  private trainingGraph(graft: Graft, shape: TrainingShape) {
    return buildTrainingGraph(this.decoder, graft, shape, this.target);
  }

  private forwardGraph(shape: ForwardShape, graft: Graft | null) {
    return buildForwardGraph(this.decoder, shape, this.target, graft);
  }

  async dispose(): Promise<void> {
    await this.programs.release();
    await this.store.dispose();
  }
}

const trainingKey = (graft: Graft, { batch, tokens, rows, recompute = false }: TrainingShape): string =>
  `training of ${graft.key} ${batch} ${tokens} ${rows} ${recompute} ${graft.noise(batch, tokens)}`;
const forwardKey = (shape: ForwardShape, graft: Graft | null): string =>
  `forward ${JSON.stringify(shape)} ${graft?.key ?? ''}`;

/** The kernels move float16 in pairs. */
const hasEvenHeads = ({ layers }: Decoder): boolean => layers.every(({ headDim }) => headDim % 2 === 0);

const targetFor = (
  { backend, keepsFloat16 }: WeightStore,
  weights: CompileTarget['weights'],
  float16Cache = false,
): CompileTarget => ({
  float16Weights: keepsFloat16,
  float16Cache,
  fusedMatMul: backend.kind === 'wasm',
  gatherBlockQuantized: backend.kind === 'webgpu',
  int64: backend.kind === 'wasm',
  int8: backend.kind === 'wasm',
  preciseAngles: backend.kind === 'wasm',
  maxParts: backend.kind === 'wasm' ? Number.POSITIVE_INFINITY : MAX_SHADER_PARTS,
  weights,
});

function weightsMode(backend: Backend, parameters: number): CompileTarget['weights'] {
  return backend.kind === 'wasm' && parameters * 4 <= FLOAT_COPY_LIMIT_BYTES ? 'float' : 'quantized';
}

/** Inputs that hold no learned numbers: scales, zero points and the tables of rotary embeddings, by operator. */
const UNCOUNTED_INPUTS: Readonly<Record<string, readonly number[]>> = {
  MatMulNBits: [2, 3],
  GatherBlockQuantized: [2, 3],
  DequantizeLinear: [1, 2],
  GroupQueryAttention: [7, 8],
  RotaryEmbedding: [2, 3],
};

/** Packed bytes of MatMulNBits (uint8 [N, blocks, bytes]) hold two 4-bit numbers each, or one of 8 bits. */
function countParameters({ graph }: Model): number {
  const bits = new Map<string, number>();
  const uncounted = new Set<string>();
  for (const node of graph.nodes) {
    const packed = node.inputs[1];
    const attribute = node.attributes.bits;
    if (node.opType === 'MatMulNBits' && packed) bits.set(packed, attribute?.type === 'int' ? attribute.value : 4);
    for (const slot of UNCOUNTED_INPUTS[node.opType] ?? []) uncounted.add(node.inputs[slot] ?? '');
  }
  const numbersIn = (tensor: TensorInfo): number => {
    const packedBits = bits.get(tensor.name);
    if (packedBits) return (byteLengthOf(tensor.dataType, tensor.dims) * 8) / packedBits;
    const counts = tensor.dims.length > 0 && !tensor.dataType.includes('64') && !uncounted.has(tensor.name);
    return counts ? elementCount(tensor.dims) : 0;
  };
  return [...graph.initializers.values()].reduce((sum, tensor) => sum + numbersIn(tensor), 0);
}
