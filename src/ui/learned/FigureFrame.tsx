/**
 * The frame of one figure: its name, its sentence, and the state it is in, from a button that begins it to the figure or to
 * what went wrong. It keeps its height throughout, so that nothing below moves while one reads.
 */
import { Button, Skeleton } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Figure } from '../../state';
import type { FigureWords } from '../../worker';
import { Problem } from '../parts/Problem';
import classes from './learned.module.css';
import { TITLES } from './words';

interface FigureFrameProps<T> {
  readonly words: FigureWords;
  readonly figure: Figure<T>;
  readonly onAsk: () => void;
  /** Why it cannot be asked for now; null where it can. */
  readonly obstacle: string | null;
  /** About what the figure will take, rem. */
  readonly height: number;
  /** Above the figure in every state. */
  readonly above?: ReactNode;
  /** What is known already while it works; a skeleton where there is nothing. */
  readonly working?: ReactNode;
  readonly children: (value: T) => ReactNode;
}

export function FigureFrame<T>({ words, above, height, figure, ...rest }: FigureFrameProps<T>) {
  const { title } = TITLES[words.name];
  return (
    <section className={classes.figure} aria-label={title} aria-busy={figure.status === 'working'}>
      <h3 className={classes.title}>{title}</h3>
      <p className={classes.sentence}>{words.explanation}</p>
      {above}
      <div className={classes.body} style={{ minHeight: `${height}rem` }}>
        <Body name={words.name} figure={figure} height={height} {...rest} />
      </div>
    </section>
  );
}

type BodyProps<T> = Omit<FigureFrameProps<T>, 'words' | 'above'> & { readonly name: FigureWords['name'] };

function Body<T>({ name, figure, onAsk, obstacle, height, working, children }: BodyProps<T>) {
  switch (figure.status) {
    case 'unasked':
      return (
        <div className={classes.unasked} style={{ minHeight: `${height}rem` }}>
          <Button size="xs" variant="default" disabled={obstacle !== null} onClick={onAsk}>
            {TITLES[name].ask}
          </Button>
          {obstacle !== null && <p>{obstacle}</p>}
        </div>
      );
    case 'working':
      return working ?? <Skeleton height={`${height}rem`} />;
    case 'done':
      return children(figure.value);
    case 'failed':
      return <Problem problem={figure.problem} actions={[{ label: 'Try again', run: onAsk }]} />;
    default:
      return figure satisfies never;
  }
}
