/** The bundled decoder with as many layers as a test asks for, each like its second one. Its shapes only, no weights. */
import type { Decoder, DecoderLayer } from '../../src/autodiff/decoder';
import type { Initializer, Node } from '../../src/onnx';

/** Exporters number a layer's names: `/model/layers.3/…`, `model.layers.3.…`, `present.3.key`. */
const NUMBER = /(layers|past_key_values|present)\.(\d+)/g;

const renumber = (name: string, to: (layer: number) => number): string =>
  name.replace(NUMBER, (_, stem: string, layer: string) => `${stem}.${to(Number(layer))}`);

const layerOf = (name: string): number | null => {
  const [match] = name.matchAll(NUMBER);
  return match ? Number(match[2]) : null;
};

export function deepDecoder(decoder: Decoder, depth: number): Decoder {
  const last = decoder.layers.length;
  const copy = (node: Node, to: (layer: number) => number): Node => ({
    ...node,
    name: renumber(node.name, to),
    inputs: node.inputs.map((name) => renumber(name, to)),
    outputs: node.outputs.map((name) => renumber(name, to)),
  });
  const { nodes, initializers } = decoder.model.graph;
  const of = (layer: number) => nodes.filter(({ name }) => layerOf(name) === layer);
  const copies = Array.from({ length: depth - 1 }, (_, i) => of(1).map((node) => copy(node, (from) => from + i)));
  const head = nodes.slice(1 + nodes.findLastIndex(({ name }) => layerOf(name) === last - 1));
  const first = nodes.slice(
    0,
    nodes.findIndex(({ name }) => layerOf(name) === 1),
  );
  const weights = [...initializers.values()].flatMap((weight): Initializer[] => {
    if (layerOf(weight.name) !== 1) return [weight];
    return Array.from({ length: depth - 1 }, (_, i) => ({ ...weight, name: renumber(weight.name, () => 1 + i) }));
  });
  return {
    ...decoder,
    model: {
      ...decoder.model,
      graph: {
        ...decoder.model.graph,
        nodes: [...first, ...copies.flat(), ...head.map((node) => copy(node, (from) => from + depth - last))],
        initializers: new Map(weights.map((weight) => [weight.name, weight])),
      },
    },
    layers: Array.from({ length: depth }, (_, layer): DecoderLayer => {
      const like = decoder.layers[1] as DecoderLayer;
      const named = (name: string) => renumber(name, () => layer);
      return {
        ...like,
        pastKey: named(like.pastKey),
        pastValue: named(like.pastValue),
        presentKey: named(like.presentKey),
        presentValue: named(like.presentValue),
      };
    }),
  };
}
