/** Adapters to choose from, under the name of their method. */
import { adapterLabel } from '../../state';
import type { AdapterSummary } from '../../worker';
import { METHOD_NAMES, METHODS } from './methodWords';

interface OptionGroup {
  readonly group: string;
  readonly items: { readonly value: string; readonly label: string }[];
}

export function adapterOptions(
  adapters: readonly AdapterSummary[],
  label: (adapter: AdapterSummary) => string = adapterLabel,
): OptionGroup[] {
  return METHOD_NAMES.map((method) => ({
    group: METHODS[method].label,
    items: adapters
      .filter(({ shape }) => shape.method === method)
      .map((adapter) => ({ value: adapter.id, label: label(adapter) })),
  })).filter(({ items }) => items.length > 0);
}
