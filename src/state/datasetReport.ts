/** The report before training in words and bars: pure functions of what the engine counted. */
import type { DatasetReport, LabelSummary, RowProblem, RowProblemKind } from '../worker';

/** What each kind of problem is called above its rows. */
export const PROBLEM_WORDS: Readonly<Record<RowProblemKind, string>> = {
  unreadable: 'cannot be read',
  ragged: 'have another number of cells than the header',
  'empty-target': 'have no target',
  'empty-input': 'have no input',
  'too-long': 'have a target that does not fit',
  shortened: 'lose the beginning of their prompt to fit',
  'in-both-splits': 'are held out and learned from as well',
  template: 'are refused by the chat template',
};

export const SPLIT_WORDS: Readonly<Record<DatasetReport['split'], string>> = {
  random: 'Held-out rows are drawn at random.',
  column: 'Held-out rows are those that the split column names.',
  files: 'Held-out rows come from files of their own.',
};

export function skippedRows({ skipped }: DatasetReport): number {
  return skipped.reduce((sum, { count }) => sum + count, 0);
}

/** `lines 3, 8, 9 and 12 more`. */
export function sayLines({ count, lines }: DatasetReport['skipped'][number]): string {
  const named = lines.map((line) => line.toLocaleString('en')).join(', ');
  const more = count - lines.length;
  return `${count === 1 ? 'line' : 'lines'} ${named}${more > 0 ? ` and ${more.toLocaleString('en')} more` : ''}`;
}

/** The list of rows as a file for a spreadsheet; a cell that would be a formula there is made text. */
export async function skippedCsv(problems: readonly RowProblem[]): Promise<string> {
  const { default: papa } = await import('papaparse');
  const rows = problems.map(({ file = '', line, column = '', kind, reason }) => ({ file, line, column, kind, reason }));
  return `${papa.unparse(rows, { newline: '\n', escapeFormulae: true })}\n`;
}

export interface LengthBar {
  /** Tokens, from and to below. */
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  /** Whether all of its rows have more tokens than a row may have. */
  readonly beyond: boolean;
}

/** More bars than these cannot be told apart. */
const MAX_BARS = 48;

/** The histogram from its first bar to its last that has rows, made coarser where it has too many. */
export function lengthBars({ lengths: { width, counts }, maxTokens }: DatasetReport): LengthBar[] {
  const merged = Math.max(1, Math.ceil(counts.length / MAX_BARS));
  const bars: LengthBar[] = [];
  for (let at = 0; at < counts.length; at += merged) {
    const rows = counts.slice(at, at + merged).reduce((sum, count) => sum + count, 0);
    const from = at * width;
    bars.push({ from, to: from + merged * width, rows, beyond: from >= maxTokens });
  }
  return bars;
}

/** Below how many tokens half of the rows are; null where there are none. */
function medianBelow({ width, counts }: DatasetReport['lengths']): number | null {
  const half = counts.reduce((sum, count) => sum + count, 0) / 2;
  if (half === 0) return null;
  let seen = 0;
  const at = counts.findIndex((count) => {
    seen += count;
    return seen >= half;
  });
  return (at + 1) * width;
}

/** The histogram for those who do not see it. */
export function describeLengths(report: DatasetReport, longest: number): string {
  const median = medianBelow(report.lengths);
  if (median === null) return 'No rows.';
  return `Tokens per row: half of the rows have fewer than ${median.toLocaleString('en')}, the longest has ${longest.toLocaleString('en')}. ${describeCut(report)}`;
}

/** `12 rows (1.2 %) are cut at 448 tokens, which loses 0.4 % of all tokens.` */
export function describeCut({ cutRows, cutShare, lengths, maxTokens }: DatasetReport): string {
  const at = `${maxTokens.toLocaleString('en')} tokens`;
  if (cutRows === 0) return `No row is cut at ${at}.`;
  const all = lengths.counts.reduce((sum, count) => sum + count, 0);
  const share = all === 0 ? '' : ` (${percent(cutRows / all)})`;
  const rows = `${cutRows.toLocaleString('en')} ${cutRows === 1 ? 'row' : 'rows'}${share}`;
  return `${rows} ${cutRows === 1 ? 'is' : 'are'} cut at ${at}, which loses ${percent(cutShare)} of all tokens.`;
}

function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.1) return 'under 0.1 %';
  return `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)} %`;
}

/** `10,000 of 999,997 readable rows, drawn at random`; null where all are used. */
export function describeDrawn(report: DatasetReport): string | null {
  const { drawn, read } = report;
  if (drawn === null) return null;
  return `${drawn.toLocaleString('en')} of ${read.toLocaleString('en')} rows, drawn at random`;
}

/** What may make figures better or worse than they are; a sentence each. */
export function reportNotes({ duplicates, contradictions, inBothSplits }: DatasetReport): string[] {
  const notes: string[] = [];
  if (duplicates > 0) {
    notes.push(`${rowsOf(duplicates, 'repeats', 'repeat')} an earlier row: the model learns it more than once.`);
  }
  if (contradictions > 0) {
    notes.push(
      `${rowsOf(contradictions, 'has', 'have')} the same input as an earlier row and another target: nobody could get both right.`,
    );
  }
  if (inBothSplits > 0) {
    notes.push(
      `${rowsOf(inBothSplits, 'was', 'were')} held out and learned from as well: left out of the held-out rows, so that these test what was not seen.`,
    );
  }
  return notes;
}

function rowsOf(count: number, one: string, many: string): string {
  return `${count.toLocaleString('en')} ${count === 1 ? `row ${one}` : `rows ${many}`}`;
}

/** From here on, always saying the most frequent label would look good. */
const UNBALANCED = 5;

/** Where one label has far more rows than another; null where they are balanced. */
export function describeImbalance(labels: readonly LabelSummary[]): string | null {
  const [most, ...others] = [...labels].sort((a, b) => b.count - a.count);
  const least = others.at(-1);
  if (most === undefined || least === undefined || most.count <= UNBALANCED * least.count) return null;
  const times = Math.round(most.count / Math.max(1, least.count)).toLocaleString('en');
  return `"${most.label}" has ${times} times the rows of "${least.label}". A model that always says "${most.label}" would be right often: look at macro F1 rather than accuracy.`;
}
