/** Loss over length (over rank, for LoRA), a line for each method; dashed, how many numbers that length learns. */
import { useMemo } from 'react';
import type uPlot from 'uplot';
import { describeSweep, sweepColumns } from '../../state';
import type { SweepSeries } from '../../worker';
import { axisOf, Plot, type PlotOptions } from '../Plot';
import { LineKey } from '../parts/LineKey';
import { METHOD_NAMES, METHODS } from '../steps/methodWords';
import tuneClasses from '../steps/tune.module.css';
import { toneOf } from '../tones';

/** A method has its tone whichever others are there. */
const methodTone = (method: SweepSeries['method']) => toneOf(METHOD_NAMES.indexOf(method));

export function SweepChart({ series }: { readonly series: readonly SweepSeries[] }) {
  const methods = series.map(({ method }) => method).join(' ');
  const data = useMemo(() => sweepColumns(series), [series]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the chart is made anew for other methods, not for other points
  const options = useMemo(() => optionsOf(series.map(({ method }) => methodTone(method).name)), [methods]);
  return (
    <figure className={tuneClasses.chartBox} style={{ margin: 0 }}>
      <figcaption className={tuneClasses.keys}>
        {series.map(({ method }) => (
          <LineKey key={method} color={methodTone(method).color} width={2.5} dot label={METHODS[method].label} />
        ))}
        <LineKey color="var(--p-muted)" width={1.2} dash="4 3" label="numbers to learn (right)" />
        <span>validation loss in nats (left), over length or rank</span>
      </figcaption>
      <Plot
        options={options}
        data={data}
        label={`Validation loss over length. ${describeSweep(series)}`}
        className={tuneClasses.chart}
      />
    </figure>
  );
}

const compact = new Intl.NumberFormat('en', { notation: 'compact' });

const optionsOf =
  (tones: readonly ReturnType<typeof methodTone>['name'][]): PlotOptions =>
  (palette) => ({
    legend: { show: false },
    cursor: { show: false },
    scales: {
      // Lengths are tried in doublings, so each has the same room.
      x: { time: false, distr: 3, log: 2, range: (_chart, min, max) => [min / 1.3, max * 1.3] },
      y: { range: (_chart, min, max) => around(min, max) },
      numbers: { range: (_chart, _min, max) => [0, (max || 1) * 1.08] },
    },
    axes: [
      {
        ...axisOf(palette),
        grid: { show: false },
        size: 28,
        splits: ({ data }) => [...(data[0] ?? [])],
        filter: (_chart, splits) => splits,
        values: (_chart, splits) => splits.map(String),
      },
      { ...axisOf(palette), size: 52 },
      {
        ...axisOf(palette),
        scale: 'numbers',
        side: 1,
        size: 52,
        grid: { show: false },
        values: (_chart, splits) => splits.map((value) => compact.format(value)),
      },
    ],
    series: [{}, ...tones.flatMap((tone) => pairOf(palette[tone]))],
  });

function pairOf(stroke: string): uPlot.Series[] {
  return [
    { stroke, width: 2.5, spanGaps: true, points: { show: true, size: 7, fill: stroke } },
    { stroke, width: 1.2, dash: [4, 3], scale: 'numbers', spanGaps: true, points: { show: false } },
  ];
}

/** A tenth of the range above and below; some room where all is the same. */
function around(min: number, max: number): [number, number] {
  const room = (max - min) * 0.1 || Math.max(Math.abs(max) * 0.1, 0.01);
  return [Math.max(0, min - room), max + room];
}
