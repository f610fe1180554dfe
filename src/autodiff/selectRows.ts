/**
 * Takes chosen rows of a value [batch, time, width] as early as possible: the selection moves up through operators that
 * work on each row by itself, as long as nobody else needs their other rows. So only these rows go through the last
 * layer's feed-forward part and through the projection to the vocabulary.
 */
import { intOf } from './attributes';
import { MICROSOFT, type Ops } from './ops';
import { dimAt, sizeOf } from './shapes';
import type { EmittedNode, Value } from './types';

const ELEMENTWISE: ReadonlySet<string> = new Set(
  'Add Sub Mul Div Pow Neg Abs Max Min Where Greater Relu Softplus Tanh Erf Sigmoid Exp Sqrt Reciprocal Cast'.split(
    ' ',
  ),
);
/** Operators whose first input has the rows, and the others none. */
const ROWWISE: ReadonlySet<string> = new Set([
  'Gemm',
  'SimplifiedLayerNormalization',
  'LayerNormalization',
  `${MICROSOFT}.MatMulNBits`,
]);

const keyOf = (node: EmittedNode) => (node.domain ? `${node.domain}.${node.opType}` : node.opType);
const hasRows = (value: Value, count: number) => value.dims.length >= 2 && sizeOf(value.dims.slice(0, -1)) === count;
/** The same for every row: at most one axis, the last, is wider than 1. */
const sharedByRows = (value: Value): boolean => sizeOf(value.dims) === (value.dims.at(-1) ?? 1);

/** Whether the node computes each of its `count` rows from the same rows of its inputs. */
function worksOnRows(node: EmittedNode, count: number): boolean {
  const [first] = node.inputs;
  const [output] = node.outputs;
  if (!first || !output || node.outputs.length !== 1 || !hasRows(output, count)) return false;
  if (node.opType === 'Reshape') return hasRows(first, count) && dimAt(first.dims, -1) === dimAt(output.dims, -1);
  if (ROWWISE.has(keyOf(node))) return hasRows(first, count) && intOf(node.attributes, 'transA', 0) === 0;
  return (
    ELEMENTWISE.has(node.opType) &&
    node.inputs.every((input) => input !== null && (hasRows(input, count) || sharedByRows(input)))
  );
}

/** @param rows int64 [R], flat indices batch · time + t. @returns [R, width] */
export function selectRows(ops: Ops, target: Value, rows: Value): Value {
  const count = sizeOf(target.dims.slice(0, -1));
  const movable = movableNodes(ops.builder.nodes, target, count);
  const chosen = new Map<Value, Value>();
  const choose = (value: Value): Value => {
    const before = chosen.get(value);
    if (before) return before;
    const made =
      value.source.kind === 'node' && movable.has(value.source.node) ? again(value.source.node) : pick(value);
    chosen.set(value, made);
    return made;
  };
  const pick = (value: Value) => ops.gather(ops.reshape(value, [count, dimAt(value.dims, -1)]), rows);
  const again = (node: EmittedNode): Value => {
    const [first, ...rest] = node.inputs;
    if (node.opType === 'Reshape') return choose(first as Value);
    const inputs = ROWWISE.has(keyOf(node))
      ? [choose(first as Value), ...rest]
      : node.inputs.map((input) => operand(input as Value));
    return ops.emit(node.opType, inputs, node.attributes, { domain: node.domain });
  };
  const operand = (value: Value) => (hasRows(value, count) ? choose(value) : ops.reshape(value, value.dims.slice(-1)));
  return choose(target);
}

/** Row by row operators above `target` whose values go nowhere else. */
function movableNodes(nodes: readonly EmittedNode[], target: Value, count: number): Set<EmittedNode> {
  const movable = new Set<EmittedNode>();
  const usedElsewhere = new Set<Value>();
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i] as EmittedNode;
    const output = node.outputs[0] as Value;
    const wanted = output === target || node.outputs.some((value) => usedOnlyByMovable(value, movable));
    if (wanted && !node.outputs.some((value) => usedElsewhere.has(value)) && worksOnRows(node, count)) {
      movable.add(node);
      continue;
    }
    for (const input of node.inputs) if (input) usedElsewhere.add(input);
  }
  return movable;
}

const usedOnlyByMovable = (value: Value, movable: ReadonlySet<EmittedNode>): boolean => {
  for (const node of movable) if (node.inputs.includes(value)) return true;
  return false;
};
