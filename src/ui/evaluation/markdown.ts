/** The scores of a report as a Markdown table, to be pasted into a note, a model card or an issue. */
import { type Measured, metricRows, type ScoreCell } from '../../state';
import type { MetricName } from '../../worker';
import { formatPlural } from '../format';
import { directionOf, formatDifference, formatRange, formatScore, METRIC_WORDS, sayVerdict } from './metricWords';

export function scoresAsMarkdown({ report, subjects }: Pick<Measured, 'report' | 'subjects'>): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`;
  const rows = metricRows(report).map(({ metric, cells }) =>
    line([
      `${METRIC_WORDS[metric].label} (${METRIC_WORDS[metric].term}) ${directionOf(metric).arrow}`,
      ...cells.map((cell) => sayCell(metric, cell)),
    ]),
  );
  return [
    `${report.dataset}, ${formatPlural(report.rows.length, 'held-out row')}; with 95 % intervals (bootstrap).`,
    '',
    line(['', ...subjects.map(({ name }) => name)]),
    `| --- |${' ---: |'.repeat(subjects.length)}`,
    ...rows,
    '',
  ].join('\n');
}

function sayCell(metric: MetricName, { value, difference }: ScoreCell): string {
  if (value === null) return '–';
  const score = `${formatScore(metric, value)} (${formatRange(metric, value)})`;
  if (difference === null) return score;
  return `${score}; ${formatDifference(metric, difference)}, ${sayVerdict(metric, difference)}`;
}

const escaped = (text: string): string => text.replace(/[|\\]/g, '\\$&').replace(/\s*\n\s*/g, ' ');
