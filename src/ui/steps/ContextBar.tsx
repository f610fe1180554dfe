/**
 * K' = concat(prefix_K, K), drawn to scale: the prefix in front, the longest row of the data behind it, and the room the
 * model has left.
 */
import { summaryOf, usableDataset } from '../../state';
import { formatCount } from '../format';
import { Term } from '../parts/Term';
import { usePart } from '../session';
import classes from './tune.module.css';

export function ContextBar() {
  const length = usePart('settings', (state) => state.length);
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
        <Term means="In each layer, keys and values: K′ = concat(prefix_K, K), V′ = concat(prefix_V, V).">
          <b>prefix {length}</b> + longest row {formatCount(longest)}
        </Term>{' '}
        of {formatCount(context)} tokens
      </figcaption>
    </figure>
  );
}
