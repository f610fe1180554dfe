/**
 * The loss curve: uPlot, fed with the run's own columns at most five times a second and never through React's state. The
 * legend is ours, because it also explains the line of the model alone; readers of the page get words.
 */
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Session } from '../state';
import { describeLoss, latestRun } from '../state';
import { axisOf, WHOLE_STEPS } from './Plot';
import { LineKey } from './parts/LineKey';
import { useSession } from './session';
import classes from './steps/tune.module.css';
import { DARK, LIGHT } from './tokens';

const MIN_INTERVAL_MS = 200;

export function LossChart() {
  const session = useSession();
  const scheme = useComputedColorScheme('light');
  const host = useRef<HTMLDivElement>(null);
  const [words, setWords] = useState('');
  const [readout, setReadout] = useState<string | null>(null);
  const [hasBase, setHasBase] = useState(false);

  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const palette = scheme === 'dark' ? DARK : LIGHT;
    let base: number | null = null;
    let steps = 1;
    const chart = new uPlot(
      chartOptions(palette, element, {
        steps: () => steps,
        base: () => base,
        onCursor: setReadout,
      }),
      [[], [], []],
      element,
    );
    const stop = follow(session, (record) => {
      base = record.baseline?.loss ?? null;
      steps = record.steps;
      chart.setData(record.log.columns);
      setHasBase(base !== null);
      setWords(describeLoss(record.log));
    });
    const resize = new ResizeObserver(() =>
      chart.setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    resize.observe(element);
    return () => {
      stop();
      resize.disconnect();
      chart.destroy();
    };
  }, [session, scheme]);

  return (
    <figure className={classes.chartBox} style={{ margin: 0 }}>
      <figcaption className={classes.keys}>
        <LineKey color="var(--p-tuned)" width={1.2} label="training loss" />
        <LineKey color="var(--p-tuned)" width={2.5} dot label="validation loss" />
        {hasBase && <LineKey color="var(--p-base)" width={1.5} dash="4 3" label="validation, the model alone" />}
        <span>{readout ?? 'nats, per step'}</span>
      </figcaption>
      <div ref={host} className={classes.chart} role="img" aria-label={`Loss. ${words}`} />
    </figure>
  );
}

type Shown = NonNullable<ReturnType<typeof latestRun>>;

/** Calls `draw` when the latest run has changed: at once if the last time was long enough ago, otherwise a little later. */
function follow({ run }: Session, draw: (record: Shown) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let drawnAt = Number.NEGATIVE_INFINITY;
  const now = () => {
    timer = null;
    drawnAt = performance.now();
    const record = latestRun(run.store.getState());
    if (record !== undefined) draw(record);
  };
  const soon = () => {
    timer ??= setTimeout(now, Math.max(0, MIN_INTERVAL_MS - (performance.now() - drawnAt)));
  };
  now();
  const unsubscribe = run.store.subscribe(soon);
  return () => {
    unsubscribe();
    if (timer !== null) clearTimeout(timer);
  };
}

interface ChartSource {
  readonly steps: () => number;
  readonly base: () => number | null;
  readonly onCursor: (readout: string | null) => void;
}

function chartOptions(palette: typeof LIGHT, element: HTMLElement, source: ChartSource): uPlot.Options {
  const axis = axisOf(palette);
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false, points: { size: 6 } },
    scales: {
      // The whole run is laid out from the start, so that the curve grows and never rescales sideways.
      x: { time: false, range: () => [0, source.steps()] },
      y: { range: (_chart, _min, max) => [0, Math.max(max || 0, source.base() ?? 0, 0.01) * 1.08] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 28, incrs: WHOLE_STEPS },
      // No scale is drawn before there is something to measure.
      { ...axis, size: 44, values: (chart, splits) => splits.map((at) => (isEmpty(chart) ? '' : String(at))) },
    ],
    series: [
      {},
      { stroke: palette.tuned, width: 1, alpha: 0.75, spanGaps: true, points: { show: false } },
      { stroke: palette.tuned, width: 2.5, spanGaps: true, points: { show: true, size: 6, fill: palette.tuned } },
    ],
    hooks: {
      drawAxes: [(chart) => drawBase(chart, source.base(), palette.base)],
      setCursor: [(chart) => source.onCursor(readoutAt(chart))],
    },
  };
}

function isEmpty({ data }: uPlot): boolean {
  return data[0].length === 0;
}

/** The model alone, as a level line: what the run has to beat. */
function drawBase(chart: uPlot, loss: number | null, color: string): void {
  if (loss === null) return;
  const { ctx, bbox } = chart;
  const y = Math.round(chart.valToPos(loss, 'y', true));
  ctx.save();
  ctx.strokeStyle = color;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

function readoutAt(chart: uPlot): string | null {
  const index = chart.cursor.idx;
  if (index == null || (chart.cursor.left ?? -1) < 0) return null;
  const [steps, train, validation] = chart.data;
  const parts = [`step ${steps?.[index]}`];
  if (train?.[index] != null) parts.push(`training ${train[index].toFixed(3)}`);
  if (validation?.[index] != null) parts.push(`validation ${validation[index].toFixed(3)}`);
  return parts.join(' · ');
}
