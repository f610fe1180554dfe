/** The exact text that trains, cut into the model's tokens; where the loss is taken, and what is cut off, stands out. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { DatasetSummary, TokenPiece } from '../../worker';
import { formatCount } from '../format';
import classes from './TokenPreview.module.css';

const WORDS: Readonly<Record<TokenPiece['part'], string>> = {
  context: 'context: read only',
  learned: 'learned from',
  cut: 'cut off',
};

export function TokenPreview({ summary: { preview } }: { readonly summary: DatasetSummary }) {
  const [chosen, choose] = useState(0);
  const at = Math.min(chosen, preview.length - 1);
  const row = preview[at];
  if (row === undefined) return null;
  return (
    <figure className={classes.preview}>
      <figcaption className={classes.caption}>
        <span>Exactly what trains</span>
        <span className={classes.turner}>
          <Button
            size="compact-xs"
            variant="default"
            aria-label="Previous row"
            disabled={at === 0}
            onClick={() => choose(at - 1)}
          >
            ‹
          </Button>
          <span aria-live="polite">
            row {at + 1} of {preview.length}, line {formatCount(row.line)}
          </span>
          <Button
            size="compact-xs"
            variant="default"
            aria-label="Next row"
            disabled={at === preview.length - 1}
            onClick={() => choose(at + 1)}
          >
            ›
          </Button>
        </span>
      </figcaption>
      <div className={classes.legend}>
        {(['context', 'learned', 'cut'] as const).map((part) => (
          <span key={part} className={classes.token} data-part={part}>
            {WORDS[part]}
          </span>
        ))}
      </div>
      <div className={classes.text}>
        <Tokens tokens={row.tokens} />
      </div>
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

function Token({ token: { id, text, part } }: { readonly token: TokenPiece }) {
  return (
    <span className={classes.token} data-part={part} title={`token ${id}, ${WORDS[part]}`}>
      {text.replaceAll('\n', '↵\n')}
    </span>
  );
}
