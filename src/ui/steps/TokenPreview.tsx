/** The exact text that trains, cut into the model's tokens; where the loss is taken stands out. */
import type { DatasetSummary, TokenPiece } from '../../worker';
import { formatCount } from '../format';
import classes from './TokenPreview.module.css';

export function TokenPreview({ summary: { preview } }: { readonly summary: DatasetSummary }) {
  return (
    <figure className={classes.preview}>
      <figcaption className={classes.caption}>
        <span>Exactly what trains</span>
        <span className={classes.legend}>
          <span className={classes.token}>read</span>
          <span className={classes.token} data-supervised>
            learned
          </span>
        </span>
      </figcaption>
      {preview.map(({ line, tokens }) => (
        <div key={line} className={classes.row}>
          <span className={classes.line} title={`Line ${line} of the file`}>
            {line}
          </span>
          <span className={classes.text}>
            <Tokens tokens={tokens} />
          </span>
        </div>
      ))}
    </figure>
  );
}

/** Longer rows show this many tokens of their beginning, and as many of their end, which is what is learned. */
const SHOWN_EACH_SIDE = 60;

function Tokens({ tokens }: { readonly tokens: readonly TokenPiece[] }) {
  const hidden = tokens.length - 2 * SHOWN_EACH_SIDE;
  const draw = (from: number, to: number) =>
    tokens.slice(from, to).map((token, index) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: a token has no identity but its place
      <Token key={from + index} token={token} />
    ));
  if (hidden < SHOWN_EACH_SIDE) return draw(0, tokens.length);
  return (
    <>
      {draw(0, SHOWN_EACH_SIDE)}
      <span className={classes.hidden}> … {formatCount(hidden)} tokens … </span>
      {draw(SHOWN_EACH_SIDE + hidden, tokens.length)}
    </>
  );
}

function Token({ token }: { readonly token: TokenPiece }) {
  return (
    <span className={classes.token} data-supervised={token.part === 'learned' || undefined} title={`token ${token.id}`}>
      {token.text.replaceAll('\n', '↵\n')}
    </span>
  );
}
