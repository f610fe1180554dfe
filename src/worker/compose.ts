/** Two adapters of virtual tokens as one: the tokens of the first in front of those of the second. An experiment. */
import { exportSafeTensors } from '../adapters';
import { AdapterError } from '../errors';
import { type AdapterValues, joinFloats, type PrefixGeometry } from '../tuning';
import { shapeOf } from './adapterShape';
import type { StoredAdapter } from './storedAdapter';

/** @throws AdapterError where the two are not of one kind, or have no virtual tokens */
export function composed(first: StoredAdapter, second: StoredAdapter, id: string): StoredAdapter {
  const adapter = joined(first.adapter, second.adapter);
  const name = `${first.summary.name} + ${second.summary.name}`;
  return {
    owner: first.owner,
    adapter,
    record: { name, template: second.record.template ?? null },
    summary: {
      id,
      name,
      model: first.owner.name,
      shape: shapeOf(adapter),
      parameters: adapter.values.length,
      bytes: exportSafeTensors(adapter, first.owner.geometry).byteLength,
      steps: 0,
      baseLoss: null,
      loss: null,
      baseAccuracy: null,
      accuracy: null,
      origin: 'composed',
      template: second.summary.template,
    },
  };
}

function joined(first: AdapterValues, second: AdapterValues): AdapterValues {
  if (first.method === 'prefix' && second.method === 'prefix') {
    const length = first.length + second.length;
    const values = inEveryHead(first.geometry, [first, second]);
    return { method: 'prefix', geometry: first.geometry, length, values };
  }
  if (first.method === 'prompt' && second.method === 'prompt') {
    const length = first.length + second.length;
    return { method: 'prompt', length, hidden: first.hidden, values: joinFloats([first.values, second.values]) };
  }
  throw new AdapterError(
    'Only two prefixes, or two prompts, can be put one behind the other.',
    {},
    'Choose two adapters of the same method that have virtual tokens.',
  );
}

/** [layers · 2 · kvHeads, P, headDim] of each, joined along P. */
function inEveryHead(
  { layers, kvHeads, headDim }: PrefixGeometry,
  prefixes: readonly { readonly length: number; readonly values: Float32Array }[],
): Float32Array {
  const heads = Array.from({ length: layers * 2 * kvHeads }, (_, head) => head);
  return joinFloats(
    heads.flatMap((head) =>
      prefixes.map(({ length, values }) => values.subarray(head * length * headDim, (head + 1) * length * headDim)),
    ),
  );
}
