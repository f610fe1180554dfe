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
    return o === null ? [] : [...this.projections(layer, o), ...this.modules(layer, o, ['o'])];
  }

  private projections(layer: number, o: number): LinearModule[] {
    const { presentKey, presentValue, kvHeads, headDim } = this.decoder.layers[layer] as DecoderLayer;
    const past = this.pastOf(layer);
    const k = only(this.flow.arriving(presentKey) & ~past);
    const v = only(this.flow.arriving(presentValue) & ~past);
    if (k === null || v === null) return [];
    const others = this.sees(o) & ~past & ~bit(k) & ~bit(v);
    const q = others === 0n ? k : only(others);
    const roles = new Map<number, LinearRole[]>();
    const assign = (i: number, role: LinearRole) => roles.set(i, [...(roles.get(i) ?? []), role]);
    if (q !== null) assign(q, 'q');
    assign(k, 'k');
    assign(v, 'v');
    const width = kvHeads * headDim;
    return [...roles].flatMap(([i, packed]) => {
      // How many heads ask is said nowhere: their rows are what keys and values leave.
      const rest = this.linear(i).rows - packed.filter((role) => role !== 'q').length * width;
      const fits = packed.includes('q') ? rest > 0 && rest % headDim === 0 : rest === 0;
      const widths = packed.map((role) => (role === 'q' ? rest : width));
      return fits ? this.modules(layer, i, packed, widths) : [];
    });
  }

  feedForward(layer: number): LinearModule[] {
    const entering = this.enteringFeedForward(layer);
    const all = entering.reduce((set, i) => set | bit(i), 0n);
    const [down, ...more] = this.indices((i) => all !== 0n && this.sees(i) === all);
    if (down === undefined || more.length > 0) return [];
    const gateAndUp = this.gateAndUp(layer, entering, this.linear(down));
    return gateAndUp.length === 0 ? [] : [...gateAndUp, ...this.modules(layer, down, ['down'])];
  }

  /** Layers that see what the projections see, or that and the attention's result, and are not of the attention. */
  private enteringFeedForward(layer: number): number[] {
    const o = this.resultOf(layer);
    if (o === null) return [];
    const attention = (this.sees(o) & ~this.pastOf(layer)) | bit(o);
    const [projection = o] = bitsOf(attention & ~bit(o));
    const before = this.sees(projection);
    return this.indices((i) => {
      const isAttention = (attention & bit(i)) !== 0n;
      return !isAttention && (this.sees(i) === before || this.sees(i) === (before | bit(o)));
    });
  }

  /** @returns none where the widths do not fit, or it is not plain which of two is the gate */
  private gateAndUp(layer: number, entering: readonly number[], { input, inFeatures }: LinearLayer): LinearModule[] {
    const [first, second, ...more] = entering;
    if (first === undefined || more.length > 0) return [];
    const { rows } = this.linear(first);
    if (second === undefined) {
      if (rows === inFeatures) return this.modules(layer, first, ['up']);
      return rows === 2 * inFeatures ? this.modules(layer, first, ['gate', 'up'], [inFeatures, inFeatures]) : [];
    }
    const gate = only(this.flow.activated(input) & (bit(first) | bit(second)));
    if (gate === null || rows !== inFeatures || this.linear(second).rows !== inFeatures) return [];
    const up = gate === first ? second : first;
    return [...this.modules(layer, gate, ['gate']), ...this.modules(layer, up, ['up'])];
  }

  /** The layer behind the attention; null where it is not one. */
  private resultOf(layer: number): number | null {
    const [o, ...more] = this.indices((i) => (this.sees(i) & this.pastOf(layer)) !== 0n);
    return o === undefined || more.length > 0 ? null : o;
  }

  /** @param widths rows of each role, where the matrix is packed of several */
  private modules(
    layer: number,
    i: number,
    roles: readonly LinearRole[],
    widths: readonly number[] = [],
  ): LinearModule[] {
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
