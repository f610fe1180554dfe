/**
 * LoRA (Hu et al. 2021): beside a frozen y = W x stands a trained update of low rank, y + alpha / rank · B A x. What of a
 * packed matrix is a module of its own has an update of its own, at its rows of y.
 */
import type { Decoder, Graft, Ops, Value } from '../../autodiff';
import { nearestAbove } from '../../autodiff';
import type { Random } from '../random';
import type { LoraValues } from './adapterValues';
import type { Method } from './method';
import { NOTHING_FROZEN } from './method';
import type { LoraTarget } from './moduleNames';

export interface LoraSettings {
  readonly rank: number;
  /** PEFT: `lora_alpha`. */
  readonly alpha: number;
  /** Probability with which an update does not see a number of its input, in training; below 1. PEFT: `lora_dropout`. */
  readonly dropout: number;
}

export function loraMethod(decoder: Decoder, targets: readonly LoraTarget[], settings: LoraSettings): Method {
  const { rank, alpha } = settings;
  const modules = targets.map(({ module }) => module);
  const loraOf = (values: Float32Array): LoraValues => ({ method: 'lora', rank, alpha, modules, values });
  return {
    graft: loraGraft(decoder, targets, settings),
    initial: async (_, random) => ({ values: initialLora(targets, rank, random), frozen: NOTHING_FROZEN }),
    blank: () => loraOf(new Float32Array(sum(sizesOf(targets, rank)))),
    adapter: async (_, { values }) => loraOf(values),
  };
}

/** Trainable: for each target in turn A [rank, inFeatures], then B [outFeatures, rank], as in `LoraValues`. */
export function loraGraft(decoder: Decoder, targets: readonly LoraTarget[], settings: LoraSettings): Graft {
  const { rank, alpha, dropout } = settings;
  const paths = targets.map(({ module }) => module.path);
  const names = new Map(targets.map(({ linear, module }) => [linear.output, `the update of ${module.path}`]));
  return {
    key: `lora ${rank} ${alpha} ${dropout} ${paths.join()}`,
    size: sum(sizesOf(targets, rank)),
    frozen: 0,
    past: 0,
    inserted: 0,
    isPrefix: false,
    noise: (batch, tokens) => (dropout > 0 ? sum(drawsOf(targets, batch * tokens)) : 0),
    reaching: (node) => nearestAbove(decoder, node, names),
    onto(ops, { trainable, noise, batch, tokens }) {
      const parts = ops.split(trainable, 0, sizesOf(targets, rank));
      const draws = noise && ops.split(noise, 0, drawsOf(targets, batch * tokens));
      const updates = targets.map(
        ({ module, linear }, i): Update => ({
          firstRow: linear.firstRow,
          a: ops.reshape(parts[2 * i] as Value, [rank, module.inFeatures]),
          b: ops.reshape(parts[2 * i + 1] as Value, [module.outFeatures, rank]),
          noise: draws && { rows: draws[2 * i] as Value, columns: draws[2 * i + 1] as Value, dropout },
        }),
      );
      const replace = outputsOf(targets).map(({ name, input, members }) => {
        const inOrder = members.map((i) => updates[i] as Update).sort((one, other) => one.firstRow - other.firstRow);
        const updated = (y: Value, read: (name: string) => Value) => {
          const update = sideBySide(ops, flat(ops, read(input)), inOrder, alpha / rank, y.dims.at(-1) ?? 0);
          return ops.add(y, ops.reshape(update, y.dims));
        };
        return [name, updated] as const;
      });
      return { replace: new Map(replace) };
    },
  };
}

/** [..., features] → [batch · time, features] */
const flat = (ops: Ops, x: Value): Value => ops.reshape(x, [-1, x.dims.at(-1) ?? 0]);

interface Update {
  readonly firstRow: number;
  /** [rank, inFeatures] */
  readonly a: Value;
  /** [outFeatures, rank] */
  readonly b: Value;
  /** Null where nothing is dropped. */
  readonly noise: Noise | null;
}

interface Noise {
  /** Uniform in [0, 1): one number per row of x, and one per column. */
  readonly rows: Value;
  readonly columns: Value;
  readonly dropout: number;
}

/** Elements of the trainable vector's parts, A and B of each target. */
const sizesOf = (targets: readonly LoraTarget[], rank: number): number[] =>
  targets.flatMap(({ module }) => [rank * module.inFeatures, module.outFeatures * rank]);

const drawsOf = (targets: readonly LoraTarget[], rows: number): number[] =>
  targets.flatMap(({ module }) => [rows, module.inFeatures]);

const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);

/** The values that updates are added to; a packed one takes several. */
function outputsOf(targets: readonly LoraTarget[]) {
  const found = new Map<string, { readonly name: string; readonly input: string; readonly members: number[] }>();
  targets.forEach(({ linear: { output, input } }, i) => {
    const members = found.get(output)?.members ?? [];
    found.set(output, { name: output, input, members: [...members, i] });
  });
  return [...found.values()];
}

/** The updates of one y at their rows of it, zeros elsewhere. @returns [batch · time, width] */
function sideBySide(ops: Ops, x: Value, updates: readonly Update[], scale: number, width: number): Value {
  const inner = innerProducts(ops, x, updates, scale);
  const parts: Value[] = [];
  let end = 0;
  updates.forEach(({ firstRow, b }, i) => {
    parts.push(...zeros(ops, x, firstRow - end), ops.linear(inner[i] as Value, b));
    end = firstRow + (b.dims[0] as number);
  });
  return ops.concat([...parts, ...zeros(ops, x, width - end)], 1);
}

/** scale · A x of each update, [batch · time, rank]. Those that see the same x are one product. */
function innerProducts(ops: Ops, x: Value, updates: readonly Update[], scale: number): readonly Value[] {
  if (updates.some(({ noise }) => noise)) {
    return updates.map(({ a, noise }) => {
      if (!noise) return ops.scale(ops.linear(x, a), scale);
      return ops.scale(ops.linear(withDropout(ops, x, noise), a), scale / (1 - noise.dropout));
    });
  }
  const all = updates.map(({ a }) => a);
  const ranks = all.map(({ dims }) => dims[0] as number);
  return ops.split(ops.scale(ops.linear(x, ops.concat(all, 0)), scale), 1, ranks);
}

/**
 * x without the elements (r, c) for which frac(rows[r] + columns[c]) < p; the scale makes up for them. Any two elements
 * are independent of each other, at rows + columns random numbers instead of rows · columns.
 */
function withDropout(ops: Ops, x: Value, { rows, columns, dropout }: Noise): Value {
  const drawn = ops.add(ops.reshape(rows, [-1, 1]), columns);
  // ⌊u + 1 − p⌋ − ⌊u⌋ is 1 where frac(u) ≥ p, else 0. All of it floats, so that recomputation may compute it again.
  const floor = (u: Value) => ops.emit('Floor', [u]);
  return ops.mul(x, ops.sub(floor(ops.add(drawn, ops.scalar(1 - dropout))), floor(drawn)));
}

/** Not a literal: a graph's file is no place for that many zeros. */
const zeros = (ops: Ops, x: Value, width: number): Value[] =>
  width === 0
    ? []
    : [ops.emit('Expand', [ops.scalar(0), ops.int64([x.dims[0] as number, width])], {}, { fold: false })];

/** As PEFT starts: A uniform within ±1/√inFeatures (Kaiming with a = √5), B zero, so that the model is what it was. */
function initialLora(targets: readonly LoraTarget[], rank: number, random: Random): Float32Array {
  const values = new Float32Array(sum(sizesOf(targets, rank)));
  let offset = 0;
  for (const { module } of targets) {
    const bound = 1 / Math.sqrt(module.inFeatures);
    for (let i = 0; i < rank * module.inFeatures; i++) values[offset + i] = bound * (2 * random.uniform() - 1);
    offset += rank * (module.inFeatures + module.outFeatures);
  }
  return values;
}
