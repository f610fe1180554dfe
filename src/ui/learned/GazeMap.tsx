/**
 * The picture of attention: rows are layers or heads, columns the positions of the virtual tokens, colour is the share.
 * Every cell is reached by mouse, touch and arrow keys, and tells its number below. Its cells are drawn once: a model of 28
 * layers behind 100 tokens has thousands, and pointing at one changes only the line below.
 */
import { type KeyboardEvent, memo, useState } from 'react';
import { type GazeRow, largestShare } from '../../state';
import { formatPlural, formatShare } from '../format';
import { heatAt } from '../tokens';
import classes from './learned.module.css';

interface GazeMapProps {
  readonly label: string;
  readonly of: 'Layer' | 'Head';
  readonly rows: readonly GazeRow[];
  /** What a row stands for, behind its number: `mean over 8 heads`. */
  readonly meaning: string;
  readonly selected?: number;
  /** Takes a row's index; the same function at every drawing. */
  readonly onSelect?: (index: number) => void;
}

export function GazeMap({ label, of, rows, meaning, selected, onSelect }: GazeMapProps) {
  const [pointed, setPointed] = useState<string | null>(null);
  const largest = largestShare(rows);
  const positions = rows[0]?.shares.length ?? 0;
  return (
    <figure className={classes.map}>
      <figcaption className={classes.mapCaption}>{label}</figcaption>
      <div className={classes.mapScroll}>
        <Cells
          label={label}
          of={of}
          rows={rows}
          largest={largest}
          onPoint={setPointed}
          {...(selected !== undefined && { selected })}
          {...(onSelect && { onSelect })}
        />
      </div>
      <p className={classes.pointed}>{pointed ?? `${formatPlural(positions, 'position')} from left to right`}</p>
      <Legend largest={largest} meaning={meaning} />
    </figure>
  );
}

interface CellsProps extends Pick<GazeMapProps, 'label' | 'of' | 'rows' | 'selected' | 'onSelect'> {
  readonly largest: number;
  readonly onPoint: (words: string | null) => void;
}

const Cells = memo(({ label, of, rows, largest, selected, onSelect, onPoint }: CellsProps) => {
  const positions = rows[0]?.shares.length ?? 0;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields, this is a picture of many cells
    <div
      role="group"
      aria-label={label}
      className={classes.cells}
      style={{ gridTemplateColumns: `max-content repeat(${positions}, minmax(0.5rem, 1fr)) max-content` }}
      onKeyDown={moveFocus}
      onMouseLeave={() => onPoint(null)}
      onBlur={() => onPoint(null)}
    >
      {rows.map(({ index, shares, total }, row) => (
        <div key={index} className={classes.cellRow} data-selected={index === selected || undefined}>
          <span className={classes.rowName}>
            {of} {index + 1}
          </span>
          {shares.map((share, at) => {
            const words = `${of} ${index + 1}, position ${at + 1}: ${formatShare(share)}`;
            return (
              <button
                // biome-ignore lint/suspicious/noArrayIndexKey: a position has no identity but its place
                key={at}
                type="button"
                className={classes.cell}
                style={{ background: heatAt(largest === 0 ? 0 : share / largest) }}
                aria-label={words}
                tabIndex={row === 0 && at === 0 ? 0 : -1}
                data-cell={`${row} ${at}`}
                onMouseEnter={() => onPoint(words)}
                onFocus={() => onPoint(words)}
                onClick={() => onSelect?.(index)}
              />
            );
          })}
          <span className={classes.rowTotal}>{formatShare(total)}</span>
        </div>
      ))}
    </div>
  );
});

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

function moveFocus(event: KeyboardEvent<HTMLElement>) {
  const step = STEPS[event.key];
  const place = event.target instanceof HTMLElement ? event.target.dataset.cell : undefined;
  if (step === undefined || place === undefined) return;
  event.preventDefault();
  const [row = 0, at = 0] = place.split(' ').map(Number);
  event.currentTarget.querySelector<HTMLElement>(`[data-cell="${row + step[0]} ${at + step[1]}"]`)?.focus();
}

function Legend({ largest, meaning }: { readonly largest: number; readonly meaning: string }) {
  return (
    <p className={classes.legend}>
      <span>0 %</span>
      <span className={classes.legendBar} />
      <span>{formatShare(largest)}</span>
      <span>of the attention, {meaning}; at the right the sum of the row</span>
    </p>
  );
}
