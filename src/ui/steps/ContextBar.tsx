/**
 * The context, drawn to scale: virtual tokens in front, the longest row of the data behind them, and the room the model has
 * left. For a prefix that is K' = concat(prefix_K, K) in every layer; LoRA takes no room.
 */
import { hasVirtualTokens, summaryOf, usableDataset } from '../../state';
import { formatCount } from '../format';
import { Term } from '../parts/Term';
import { usePart } from '../session';
import classes from './tune.module.css';

const CONCAT = {
  prefix: 'In each layer, keys and values: K′ = concat(prefix_K, K), V′ = concat(prefix_V, V).',
  prompt: 'Before the first layer, embeddings: E′ = concat(prompt, E).',
} as const;

export function ContextBar() {
  const method = usePart('settings', (state) => state.method);
  const length = usePart('settings', (state) => (hasVirtualTokens(state) ? state.length : 0));
  const context = usePart('model', (state) => summaryOf(state)?.contextLength ?? null);
  const longest = usePart('dataset', (state) => usableDataset(state)?.summary.longestTokens ?? null);
  if (context === null || longest === null) return null;
  const free = Math.max(0, context - length - longest);
  const share = (tokens: number) => ({ flexGrow: tokens });
  return (
    <figure className={classes.context}>
      <div className={classes.contextBar} aria-hidden>
        <span className={classes.contextPrefix} style={share(length)} />
        <span className={classes.contextRow} style={share(longest)} />
        <span className={classes.contextFree} style={share(free)} />
      </div>
      <figcaption className={classes.contextCaption}>
        {method !== 'lora' && (
          <>
            <Term means={CONCAT[method]}>
              <b>
                {method} {length}
              </b>
            </Term>{' '}
            +{' '}
          </>
        )}
        longest row {formatCount(longest)} of {formatCount(context)} tokens
      </figcaption>
    </figure>
  );
}
