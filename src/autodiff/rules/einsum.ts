/**
 * Einsum of one or two operands as transpositions, sums and one matrix product:  'bqd,bkd->bqk'  is, with the labels of
 * both sides that are kept in front (b), those summed over at the inside (d), the product [b, q, d] · [b, d, k].
 */
import { ModelError } from '../../errors';
import { textOf } from '../attributes';
import type { Ops } from '../ops';
import { sizeOf } from '../shapes';
import type { LowerContext, RuleTable, Value } from '../types';

interface Labelled {
  readonly value: Value;
  /** One letter per axis. */
  readonly labels: readonly string[];
}

interface Equation {
  readonly operands: readonly (readonly string[])[];
  readonly output: readonly string[];
}

/** Without an arrow the output has the labels that occur once, in alphabetical order. */
function parse(equation: string): Equation {
  const [left = '', right] = equation.replaceAll(' ', '').split('->');
  const operands = left.split(',').map((labels) => [...labels]);
  const all = operands.flat();
  const once = [...new Set(all)].filter((label) => all.indexOf(label) === all.lastIndexOf(label)).sort();
  return { operands, output: right === undefined ? once : [...right] };
}

/** Sums over the labels that nobody else needs. */
function withoutLonely(ops: Ops, { value, labels }: Labelled, needed: readonly string[]): Labelled {
  const lonely = labels.flatMap((label, i) => (needed.includes(label) ? [] : [i]));
  return {
    value: ops.reduce('ReduceSum', value, lonely, false),
    labels: labels.filter((label) => needed.includes(label)),
  };
}

/** The operand as [product of each group's axes, …]. */
function grouped(ops: Ops, { value, labels }: Labelled, groups: readonly (readonly string[])[]): Value {
  const perm = groups.flat().map((label) => labels.indexOf(label));
  const dims = groups.map((group) => sizeOf(group.map((label) => value.dims[labels.indexOf(label)] as number)));
  return ops.reshape(ops.transpose(value, perm), dims);
}

function contract(ops: Ops, a: Labelled, b: Labelled, output: readonly string[]): Labelled {
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const batch = shared.filter((label) => output.includes(label));
  const summed = shared.filter((label) => !output.includes(label));
  const rows = a.labels.filter((label) => !shared.includes(label));
  const columns = b.labels.filter((label) => !shared.includes(label));
  const y = ops.matmul(grouped(ops, a, [batch, rows, summed]), grouped(ops, b, [batch, summed, columns]));
  const labels = [...batch, ...rows, ...columns];
  const dimOf = (label: string) =>
    (a.labels.includes(label)
      ? a.value.dims[a.labels.indexOf(label)]
      : b.value.dims[b.labels.indexOf(label)]) as number;
  return { value: ops.reshape(y, labels.map(dimOf)), labels };
}

function lowerEinsum({ ops, node, inputs }: LowerContext): Value[] {
  const equation = textOf(node.attributes, 'equation', '');
  const { operands, output } = parse(equation);
  const repeats = operands.some((labels) => new Set(labels).size < labels.length);
  if (equation.includes('.') || repeats || operands.length > 2 || operands.length !== inputs.length) {
    throw new ModelError(
      `Einsum '${equation}' is of a form that Prelude does not open: it takes one or two operands without '...' and without diagonals.`,
      { node: node.name || node.outputs[0] },
      'Try another export of this model.',
    );
  }
  const labelled = operands.map((labels, i): Labelled => {
    const others = operands.filter((_, k) => k !== i).flat();
    return withoutLonely(ops, { value: inputs[i] as Value, labels }, [...output, ...others]);
  });
  const [a, b] = labelled as [Labelled, Labelled?];
  const { value, labels } = b ? contract(ops, a, b, output) : a;
  return [
    ops.transpose(
      value,
      output.map((label) => labels.indexOf(label)),
    ),
  ];
}

export const einsum: RuleTable = { Einsum: { lower: lowerEinsum } };
