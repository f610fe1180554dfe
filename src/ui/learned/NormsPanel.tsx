/** How large the learned numbers are, beside what the model itself computes or has. */
import { summaryOf } from '../../state';
import type { AdapterShape, FigureWords, NormsFigure } from '../../worker';
import { formatPlural } from '../format';
import { usePart, useSession } from '../session';
import stepClasses from '../steps/steps.module.css';
import { type BarRow, BarTable } from './BarTable';
import { FigureFrame } from './FigureFrame';
import classes from './learned.module.css';

interface NormsPanelProps {
  readonly words: FigureWords;
  readonly shape: AdapterShape;
}

/** Rows of a prompt that are seen without scrolling. */
const SEEN_ROWS = 16;

function heightOf(shape: AdapterShape, layers: number): number {
  switch (shape.method) {
    case 'prefix':
      return 8 + 4.8 * layers;
    case 'prompt':
      return 4.5 + 1.6 * Math.min(shape.length, SEEN_ROWS);
    case 'lora':
      return 5 + 1.6 * layers;
    default:
      return shape satisfies never;
  }
}

export function NormsPanel({ words, shape }: NormsPanelProps) {
  const { learned } = useSession();
  const figure = usePart('learned', ({ norms }) => norms);
  const layers = usePart('model', (state) => summaryOf(state)?.layers ?? 0);
  return (
    <FigureFrame
      words={words}
      figure={figure}
      onAsk={() => void learned.askNorms()}
      obstacle={null}
      height={heightOf(shape, layers)}
    >
      {(value) => <Norms figure={value} />}
    </FigureFrame>
  );
}

function Norms({ figure }: { readonly figure: NormsFigure }) {
  switch (figure.method) {
    case 'prefix':
      return <PrefixNorms {...figure} />;
    case 'prompt':
      return <PromptNorms {...figure} />;
    case 'lora':
      return <LoraNorms {...figure} />;
    default:
      return figure satisfies never;
  }
}

const oneBar = (label: string, value: number): BarRow => ({
  label,
  bars: [{ value, tone: 'tuned', text: formatNorm(value) }],
});

function PrefixNorms({ layers, comparedTo }: Extract<NormsFigure, { method: 'prefix' }>) {
  const rowsOf = (kind: 'keys' | 'values') =>
    layers.map(({ prefix, text }, layer) => ({
      label: `Layer ${layer + 1}`,
      bars: [
        { value: prefix[kind], tone: 'tuned' as const, text: formatNorm(prefix[kind]) },
        { value: text[kind], tone: 'base' as const, text: formatNorm(text[kind]) },
      ],
    }));
  return (
    <div className={stepClasses.stack}>
      <BarTable
        caption="Size of the keys in each layer, of the prefix and of text"
        heads={{ row: 'Keys', value: 'root mean square' }}
        rows={rowsOf('keys')}
      />
      <BarTable
        caption="Size of the values in each layer, of the prefix and of text"
        heads={{ row: 'Values', value: 'root mean square' }}
        rows={rowsOf('values')}
      />
      <p className={classes.summary}>
        <span className={stepClasses.tuned}>■ the prefix</span> ·{' '}
        <span className={stepClasses.base}>
          ■ {comparedTo === 'dataset' ? 'the first rows of the data' : 'a sentence of ours, as no data is chosen'}
        </span>
      </p>
    </div>
  );
}

function PromptNorms({ tokens, vocabulary }: Extract<NormsFigure, { method: 'prompt' }>) {
  return (
    <div className={stepClasses.stack}>
      <div className={classes.scroll}>
        <BarTable
          caption="Length of the embedding of each virtual token"
          heads={{ row: 'Position', value: 'length of its embedding' }}
          rows={tokens.map((norm, at) => oneBar(String(at + 1), norm))}
          mark={vocabulary}
        />
      </div>
      <p className={classes.summary}>
        <span className={stepClasses.base}>┃ an average word of the vocabulary</span>: {formatNorm(vocabulary)}
      </p>
    </div>
  );
}

function LoraNorms({ modules }: Extract<NormsFigure, { method: 'lora' }>) {
  const layers = [...new Set(modules.map(({ layer }) => layer))];
  // Frobenius norms of separate matrices add up as squares.
  const normOf = (layer: number) => Math.hypot(...modules.filter((one) => one.layer === layer).map(({ norm }) => norm));
  const rows = layers.map((layer) => oneBar(`Layer ${layer + 1}`, normOf(layer)));
  return (
    <div className={stepClasses.stack}>
      <BarTable
        caption="Size of the corrections in each layer"
        heads={{ row: 'All of', value: 'Frobenius norm of α/r · BA' }}
        rows={rows}
      />
      <details>
        <summary>{formatPlural(modules.length, 'matrix', 'matrices')}, each for itself</summary>
        <div className={`${stepClasses.scroll} ${stepClasses.detailsBody}`}>
          <BarTable
            caption="Size of the correction of each matrix"
            heads={{ row: 'Matrix', value: 'Frobenius norm' }}
            rows={modules.map(({ path, layer, norm }) => oneBar(`${layer + 1} · ${path.split('.').at(-1)}`, norm))}
          />
        </div>
      </details>
    </div>
  );
}

const formatNorm = (norm: number): string => norm.toPrecision(3);
