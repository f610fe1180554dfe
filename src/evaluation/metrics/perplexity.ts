/**
 * Perplexity of the targets, at least 1:  exp(Σ nats / Σ tokens),  nats = −Σ log p of a row's target given its prompt. A mean
 * over tokens, not rows; two models with different tokenizers cannot be compared by it. Without any token it is 1.
 */
import { additive, type Measure } from './measure';

export function perplexity(rows: readonly { readonly nats: number; readonly tokens: number }[]): Measure {
  return additive(
    rows.map(({ nats, tokens }) => [nats, tokens]),
    ([nats, tokens]) => (tokens === 0 ? 1 : Math.exp(nats! / tokens!)),
  );
}
