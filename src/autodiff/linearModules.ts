/**
 * The linear layers of a decoder's graph, by what they do: where low-rank updates (LoRA, Hu et al. 2021) can be put.
 *
 * Found by what flows where, since names differ by exporter and some exports have none: keys and values are what arrives
 * at the presents; o is the layer that the pasts arrive at, and q what else arrives there. The feed-forward part begins
 * with layers that see what q sees (a parallel block), or that and o; down is the one they lead to, and gate the one of
 * them with an activation behind it. What does not fit this (experts, latent attention) has no modules in that part.
 */
import type { Decoder, DecoderLayer } from './decoder';
import { FileGraph } from './fileGraph';
import { type BitSet, bit, bitsOf, type Flow, flowOf } from './linearFlow';
import { type LinearLayer, linearLayers, standsInRuns } from './linearLayers';

export type LinearRole = 'q' | 'k' | 'v' | 'o' | 'gate' | 'up' | 'down';

/** A linear layer y = W x (+ b) of the file, or a range of rows of a packed one. */
export interface LinearModule {
  readonly layer: number;
  /** What it computes; several where one matrix is packed of several. */
  readonly roles: readonly LinearRole[];
  /** The value of the file that is x, [..., inFeatures], before any quantisation of activations. */
  readonly input: string;
  /** The value of the file that is y, [..., features of the whole matrix], with or without the bias. */
  readonly output: string;
  readonly inFeatures: number;
  /** Rows of y that are this module's: from `firstRow` on, `outFeatures` of them. */
  readonly firstRow: number;
  readonly outFeatures: number;
  /** Rows of the whole matrix. */
  readonly rows: number;
}

/** By layer, and within one as roles are listed above. A matrix packed of runs of rows is one module per run. */
export function linearModules(decoder: Decoder): LinearModule[] {
  const finder = new Finder(decoder);
  return decoder.layers.flatMap((_, layer) => [...finder.attention(layer), ...finder.feedForward(layer)]);
}

class Finder {
  private readonly graph: FileGraph;
  private readonly linears: readonly LinearLayer[];
  private readonly flow: Flow;
  /** What arrives at the input of each linear layer. */
  private readonly seen: readonly BitSet[];

  constructor(private readonly decoder: Decoder) {
    this.graph = new FileGraph(decoder);
    this.linears = linearLayers(this.graph);
    const sources = new Map(this.linears.map(({ output }, i) => [output, bit(i)]));
    decoder.layers.forEach(({ pastKey, pastValue }, layer) => {
      for (const past of [pastKey, pastValue]) sources.set(past, this.pastOf(layer));
    });
    this.flow = flowOf(this.graph, sources);
    this.seen = this.linears.map(({ input }) => this.flow.arriving(input));
  }

  attention(layer: number): LinearModule[] {
    const o = this.resultOf(layer);
    if (o === null) return [];
    const { presentKey, presentValue, kvHeads, headDim } = this.decoder.layers[layer] as DecoderLayer;
    const past = this.pastOf(layer);
    const result = this.modules(layer, o, ['o'], []);
    const k = only(this.flow.arriving(presentKey) & ~past);
    const v = only(this.flow.arriving(presentValue) & ~past);
    if (k === null || v === null) return result;
    const others = this.sees(o) & ~past & ~bit(k) & ~bit(v);
    const q = others === 0n ? k : only(others);
    const roles = new Map<number, LinearRole[]>();
    for (const [i, role] of [
      [q, 'q'],
      [k, 'k'],
      [v, 'v'],
    ] as const) {
      if (i !== null) roles.set(i, [...(roles.get(i) ?? []), role]);
    }
    const width = kvHeads * headDim;
    const projections = [...roles].flatMap(([i, packed]) => {
      const rest = this.linear(i).rows - packed.filter((role) => role !== 'q').length * width;
      const fits = packed.includes('q') ? rest > 0 && rest % headDim === 0 : rest === 0;
      const widths = packed.map((role) => (role === 'q' ? rest : width));
      return fits ? this.modules(layer, i, packed, widths) : [];
    });
    return [...projections, ...result];
  }

  feedForward(layer: number): LinearModule[] {
    const o = this.resultOf(layer);
    if (o === null) return [];
    const attention = this.sees(o) & ~this.pastOf(layer);
    const [projection] = bitsOf(attention);
    if (projection === undefined) return [];
    const before = this.sees(projection);
    const entering = this.indices((i) => {
      const isOfAttention = i === o || (attention & bit(i)) !== 0n;
      return !isOfAttention && (this.sees(i) === before || this.sees(i) === (before | bit(o)));
    });
    const all = entering.reduce((set, i) => set | bit(i), 0n);
    const [down, ...more] = this.indices((i) => all !== 0n && this.sees(i) === all);
    if (down === undefined || more.length > 0) return [];
    const { input, inFeatures } = this.linear(down);
    const result = this.modules(layer, down, ['down'], []);
    const [first = down, second, ...experts] = entering;
    if (second === undefined) {
      const { rows } = this.linear(first);
      if (rows === inFeatures) return [...this.modules(layer, first, ['up'], []), ...result];
      if (rows !== 2 * inFeatures) return [];
      return [...this.modules(layer, first, ['gate', 'up'], [inFeatures, inFeatures]), ...result];
    }
    const gate = only(this.flow.activated(input) & all);
    if (gate === null || experts.length > 0) return [];
    const up = gate === first ? second : first;
    if ([gate, up].some((i) => this.linear(i).rows !== inFeatures)) return [];
    return [...this.modules(layer, gate, ['gate'], []), ...this.modules(layer, up, ['up'], []), ...result];
  }

  /** The layer behind the attention; null where it is not one. */
  private resultOf(layer: number): number | null {
    const [o, ...more] = this.indices((i) => (this.sees(i) & this.pastOf(layer)) !== 0n);
    return o === undefined || more.length > 0 ? null : o;
  }

  /** @param widths rows of each role, where the matrix is packed of several */
  private modules(layer: number, i: number, roles: readonly LinearRole[], widths: readonly number[]): LinearModule[] {
    const whole = { layer, roles, ...this.linear(i), firstRow: 0, outFeatures: this.linear(i).rows };
    if (roles.length === 1 || !standsInRuns(this.graph, this.linear(i))) return [whole];
    let firstRow = 0;
    return roles.map((role, k): LinearModule => {
      const outFeatures = widths[k] as number;
      firstRow += outFeatures;
      return { ...whole, roles: [role], firstRow: firstRow - outFeatures, outFeatures };
    });
  }

  private linear = (i: number): LinearLayer => this.linears[i] as LinearLayer;
  private sees = (i: number): BitSet => this.seen[i] as BitSet;
  private pastOf = (layer: number): BitSet => bit(this.linears.length + layer);

  private indices(wanted: (i: number) => boolean): number[] {
    return this.linears.flatMap((_, i) => (wanted(i) ? [i] : []));
  }
}

/** The one member of a set; null where it has none or several. */
function only(set: BitSet): number | null {
  const [member, ...more] = bitsOf(set);
  return member === undefined || more.length > 0 ? null : member;
}
