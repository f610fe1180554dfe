/** The words of the vocabulary that lie nearest to each virtual token of a prompt. */
import type { FigureWords, NeighboursFigure } from '../../worker';
import { usePart, useSession } from '../session';
import stepClasses from '../steps/steps.module.css';
import { FigureFrame } from './FigureFrame';
import classes from './learned.module.css';
import { showToken } from './words';

interface NeighboursPanelProps {
  readonly words: FigureWords;
  /** Virtual tokens. */
  readonly length: number;
}

/** Rows that are seen without scrolling. */
const SEEN_ROWS = 16;

export function NeighboursPanel({ words, length }: NeighboursPanelProps) {
  const { learned } = useSession();
  const figure = usePart('learned', ({ neighbours }) => neighbours);
  return (
    <FigureFrame
      words={words}
      figure={figure}
      onAsk={() => void learned.askNeighbours()}
      obstacle={null}
      height={3 + 2 * Math.min(length, SEEN_ROWS)}
    >
      {(value) => <Words {...value} />}
    </FigureFrame>
  );
}

function Words({ tokens }: NeighboursFigure) {
  return (
    <div className={classes.near}>
      <table className={stepClasses.table}>
        <caption className="visually-hidden">The nearest tokens of each position, nearest first</caption>
        <thead>
          <tr>
            <th>Position</th>
            <th>Nearest tokens and the cosine of the angle to them, nearest first</th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((nearest, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a position has no identity but its place
            <tr key={at}>
              <td>{at + 1}</td>
              <td>
                {nearest.map(({ id, text, cosine }) => (
                  <span key={id} className={classes.nearWord} title={`token ${id}`}>
                    <span className={stepClasses.mono}>{showToken(text)}</span> {cosine.toFixed(2)}
                  </span>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
