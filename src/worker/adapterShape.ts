/** An adapter in the few numbers that tell it from others. */
import type { AdapterValues } from '../tuning';
import type { AdapterShape, MethodSettings } from './protocol';

export function shapeOf(adapter: AdapterValues): AdapterShape {
  if (adapter.method !== 'lora') return { method: adapter.method, length: adapter.length };
  const { rank, alpha, modules } = adapter;
  const targets = [...new Set(modules.map(({ path }) => path.split('.').at(-1) ?? path))].sort();
  return { method: 'lora', rank, alpha, modules: modules.length, targets };
}

/** Slots of the context that stay for what is learned. */
export const virtualTokens = (method: MethodSettings): number => (method.type === 'lora' ? 0 : method.length);

/** Slots of the context that an adapter takes. */
export const virtualTokensOf = (adapter: AdapterValues): number => (adapter.method === 'lora' ? 0 : adapter.length);
