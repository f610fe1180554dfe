/** The chosen runs in one chart: training thin, validation with marks, a tone for each run. */
import { useMemo } from 'react';
import type uPlot from 'uplot';
import { describeOverlay, type OverlayLine, overlayColumns, overlayLines } from '../../state';
import { axisOf, Plot, type PlotOptions, WHOLE_STEPS } from '../Plot';
import { LineKey } from '../parts/LineKey';
import { usePart } from '../session';
import tuneClasses from '../steps/tune.module.css';
import { toneOf } from '../tones';
import { useLiveRecord } from './useLiveRecord';

export function Overlay() {
  const state = usePart('runs', (all) => all);
  const live = useLiveRecord((id) => state.selectedIds.includes(id));
  const lines = useMemo(() => overlayLines(state, live), [state, live]);
  const data = useMemo(() => overlayColumns(lines), [lines]);
  const options = useMemo(() => optionsOf(lines.length), [lines.length]);
  return (
    <figure className={tuneClasses.chartBox} style={{ margin: 0 }}>
      <figcaption className={tuneClasses.keys}>
        <Keys lines={lines} />
        <span>thin: training loss · with marks: validation loss, in nats per step</span>
      </figcaption>
      <Plot options={options} data={data} label={`Loss. ${describeOverlay(lines)}`} className={tuneClasses.chart} />
    </figure>
  );
}

function Keys({ lines }: { readonly lines: readonly OverlayLine[] }) {
  return lines.map(({ id, name }, index) => {
    const { color, dash } = toneOf(index);
    return <LineKey key={id} color={color} width={2.5} dot label={name} {...(dash && { dash: dash.join(' ') })} />;
  });
}

const optionsOf =
  (count: number): PlotOptions =>
  (palette) => ({
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false, points: { size: 6 } },
    scales: {
      x: { time: false },
      y: { range: (_chart, _min, max) => [0, Math.max(max || 0, 0.01) * 1.08] },
    },
    axes: [
      { ...axisOf(palette), grid: { show: false }, size: 28, incrs: WHOLE_STEPS },
      { ...axisOf(palette), size: 44 },
    ],
    series: [{}, ...Array.from({ length: count }, (_, index) => pairOf(palette[toneOf(index).name], index)).flat()],
  });

function pairOf(stroke: string, index: number): uPlot.Series[] {
  const dash = toneOf(index).dash;
  return [
    { stroke, width: 1, alpha: 0.55, spanGaps: true, points: { show: false } },
    {
      stroke,
      width: 2.5,
      spanGaps: true,
      points: { show: true, size: 6, fill: stroke },
      ...(dash && { dash: [...dash] }),
    },
  ];
}
