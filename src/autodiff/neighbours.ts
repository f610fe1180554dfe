/**
 * Which words of the model's vocabulary stand near a given vector, such as a learned prompt's: cosines to the embeddings of
 * a chunk of tokens, so that a large table passes through in pieces and only the numbers come back.
 */
import { GraphBuilder } from './builder';
import { type CompiledGraph, compile } from './compiled';
import type { Decoder } from './decoder';
import { embeddingsOf } from './embedding';
import { names } from './names';
import { Ops } from './ops';
import { dimAt } from './shapes';
import type { CompileTarget } from './types';

/** Tables have rows of zeros for tokens that nobody uses: their cosines are 0, not NaN. */
const SMALLEST_NORM = 1e-12;

/**
 * Inputs `input_ids` [1, tokens] and `vectors` [vectors, hidden], each of length 1; outputs `cosines` [vectors, tokens] and
 * `norms` [tokens], the lengths of the tokens' embeddings.
 */
export function buildNeighbourGraph(
  decoder: Decoder,
  vectors: number,
  tokens: number,
  target: CompileTarget,
): CompiledGraph {
  const ops = new Ops(new GraphBuilder(target));
  const embeddings = embeddingsOf(ops, decoder, tokens);
  const unit = ops.builder.input(names.vectors, 'float32', [vectors, dimAt(embeddings.dims, -1)]);
  const squares = ops.reduce('ReduceSum', ops.mul(embeddings, embeddings), [-1], false);
  const norms = ops.sqrt(squares);
  const products = ops.matmul(unit, embeddings, { transB: true });
  const cosines = ops.div(products, ops.emit('Max', [norms, ops.scalar(SMALLEST_NORM)]));
  return compile(ops.builder, { [names.cosines]: cosines, [names.norms]: norms });
}
