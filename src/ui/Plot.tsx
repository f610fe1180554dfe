/**
 * A uPlot in React: made anew when its options or the colours change, fed when its data change, and as wide as its place.
 * What all charts of the page share of axes stands here, too.
 */
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { DARK, LIGHT, type Palette } from './tokens';

export const WHOLE_STEPS = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000];

export type PlotOptions = (palette: Palette) => Omit<uPlot.Options, 'width' | 'height'>;

interface PlotProps {
  /** Kept from one drawing to the next, or the chart is made anew. */
  readonly options: PlotOptions;
  readonly data: uPlot.AlignedData;
  /** The chart in words. */
  readonly label: string;
  readonly className: string | undefined;
}

export function Plot({ options, data, label, className }: PlotProps) {
  const scheme = useComputedColorScheme('light');
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(null);
  const newest = useRef(data);
  newest.current = data;

  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const size = () => ({ width: element.clientWidth, height: element.clientHeight });
    const made = new uPlot({ ...options(scheme === 'dark' ? DARK : LIGHT), ...size() }, newest.current, element);
    chart.current = made;
    const resize = new ResizeObserver(() => made.setSize(size()));
    resize.observe(element);
    return () => {
      resize.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [options, scheme]);
  useEffect(() => chart.current?.setData(data), [data]);

  return <div ref={host} className={className} role="img" aria-label={label} />;
}

export function axisOf({ muted, line }: Palette): uPlot.Axis {
  return {
    stroke: muted,
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
}
