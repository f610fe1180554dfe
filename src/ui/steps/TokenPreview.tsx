/** The exact text that trains, cut into the model's tokens; where the loss is taken stands out. */
import type { DatasetSummary, TokenPiece } from '../../worker';
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
            {tokens.map((token, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a token has no identity but its place
              <Token key={index} token={token} />
            ))}
          </span>
        </div>
      ))}
    </figure>
  );
}

function Token({ token }: { readonly token: TokenPiece }) {
  return (
    <span className={classes.token} data-supervised={token.supervised || undefined} title={`token ${token.id}`}>
      {token.text.replaceAll('\n', '↵\n')}
    </span>
  );
}
