/** Where the model looks while it answers what stands in Compare: all layers, and beside them the heads of one. */
import { Button, SegmentedControl } from '@mantine/core';
import { useMemo, useState } from 'react';
import {
  type AskableText,
  gazeOfHeads,
  gazeOfLayers,
  isSameText,
  type Looker,
  summaryOf,
  textToAsk,
} from '../../state';
import type { AttentionFigure, FigureWords } from '../../worker';
import { formatPlural } from '../format';
import { usePart, useSession } from '../session';
import stepClasses from '../steps/steps.module.css';
import { FigureFrame } from './FigureFrame';
import { GazeMap } from './GazeMap';
import classes from './learned.module.css';
import { sayGaze } from './words';

interface AttentionPanelProps {
  readonly words: FigureWords;
  readonly adapterId: string;
  readonly method: 'prefix' | 'prompt';
}

export function AttentionPanel({ words, adapterId, method }: AttentionPanelProps) {
  const { learned } = useSession();
  const figure = usePart('learned', ({ attention }) => attention);
  const shown = usePart('learned', ({ text }) => text);
  const compare = usePart('compare', (all) => all);
  const layers = usePart('model', (state) => summaryOf(state)?.layers ?? 0);
  const next = useMemo(() => textToAsk(compare, adapterId), [compare, adapterId]);
  const ask = () => {
    if (next === null) return;
    const { prompt, format, answer } = next;
    void learned.askAttention({ prompt, format, answer });
  };
  const text = shown ?? next;
  const isOld = figure.status === 'done' && next !== null && shown !== null && !isSameText(next, shown);
  return (
    <FigureFrame
      words={words}
      figure={figure}
      onAsk={ask}
      obstacle={next === null ? 'It looks at a prompt: write one in Compare.' : null}
      height={14 + 1.25 * layers}
      above={
        text && (
          <div className={classes.asked}>
            <p className={classes.askedText}>
              {text.prompt}
              <b>{text.answer}</b>
            </p>
            <p className={classes.askedNote}>
              {shown ? 'The prompt and, in colour, the answer that this is of.' : sayAnswer(next)}{' '}
              {isOld && (
                <Button size="compact-xs" variant="default" onClick={ask}>
                  Look again, at what now stands in Compare
                </Button>
              )}
            </p>
          </div>
        )
      }
    >
      {(value) => <Maps figure={value} method={method} />}
    </FigureFrame>
  );
}

interface MapsProps {
  readonly figure: AttentionFigure;
  readonly method: 'prefix' | 'prompt';
}

function Maps({ figure, method }: MapsProps) {
  const [looker, setLooker] = useState<Looker>('prompt');
  const [chosen, setChosen] = useState<number | null>(null);
  const from = figure.answerTokens === 0 ? 'prompt' : looker;
  const layers = useMemo(() => gazeOfLayers(figure, from), [figure, from]);
  const strongest = layers.toSorted((a, b) => b.total - a.total)[0]?.index ?? 0;
  const layer = chosen ?? strongest;
  const heads = useMemo(() => gazeOfHeads(figure, layer, from), [figure, layer, from]);
  return (
    <div className={stepClasses.stack}>
      <SegmentedControl
        className={classes.looker}
        size="xs"
        aria-label="Who looks"
        data={[
          { value: 'prompt', label: 'before the answer' },
          { value: 'answer', label: 'while answering', disabled: figure.answerTokens === 0 },
        ]}
        value={from}
        onChange={setLooker}
      />
      <div className={classes.maps}>
        <div>
          <GazeMap
            label="Layers; choose one to see its heads"
            of="Layer"
            rows={layers}
            meaning={`mean over ${formatPlural(heads.length, 'head')}`}
            selected={layer}
            onSelect={setChosen}
          />
          <p className={classes.summary}>{sayGaze(layers, method, 'Layer')}</p>
        </div>
        <div>
          <GazeMap label={`Heads of layer ${layer + 1}`} of="Head" rows={heads} meaning="each head for itself" />
          <p className={classes.summary}>{sayGaze(heads, method, 'Head')}</p>
        </div>
      </div>
    </div>
  );
}

function sayAnswer(text: AskableText | null): string {
  switch (text?.answerIs) {
    case 'written':
      return 'The prompt and, in colour, the answer that this adapter wrote in Compare.';
    case 'expected':
      return 'The prompt of Compare and, in colour, the answer in the data.';
    default:
      return 'The prompt of Compare. Generate there, and the answer is looked at, too.';
  }
}
