/** What a person should know of a dataset before training: what is left out and why, what repeats, and how long rows are. */
import type { DatasetReport, RowProblem, RowProblemKind } from '../worker/dataProtocol';
import type { Split } from './split';
import type { TrainingRows } from './trainingRows';
import type { ParsedDataset, TokenisedRow } from './types';

const namedLines = 10;
/** At most; where rows are longer than that, there are at least 20. */
const maxBins = 40;

export interface Reported {
  readonly parsed: ParsedDataset;
  readonly rows: TrainingRows;
  readonly split: Split<TokenisedRow>;
  readonly maxTokens: number;
  readonly maxTokensLimit: number;
}

export function datasetReport({ parsed, rows, split, maxTokens, maxTokensLimit }: Reported): DatasetReport {
  const { tokenised } = rows;
  const lost = tokenised.reduce((sum, { cut }) => sum + cut.length, 0);
  const kept = tokenised.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
  return {
    read: parsed.read,
    drawn: parsed.drawn ? parsed.rows.length : null,
    usable: split.train.length + split.validation.length,
    skipped: byKind(parsed, [...rows.problems, ...split.leaked]),
    ...repeats([...split.train, ...split.validation]),
    inBothSplits: split.leaked.length,
    split: split.from,
    lengths: histogram(rows.lengths),
    maxTokens,
    maxTokensLimit,
    cutRows: rows.shortened.length,
    cutShare: lost === 0 ? 0 : lost / (lost + kept),
  };
}

/** All problems in the order of the files and their lines. */
export function inOrder(problems: readonly RowProblem[], { reading }: ParsedDataset): RowProblem[] {
  const order = new Map(reading.files.map(({ path }, i) => [path, i]));
  const fileOf = ({ file }: RowProblem) => (file === undefined ? 0 : (order.get(file) ?? 0));
  return [...problems].sort((a, b) => fileOf(a) - fileOf(b) || a.line - b.line);
}

/** Of the rows that cannot be read, only the first are there; their counts are of all. */
function byKind(parsed: ParsedDataset, problems: readonly RowProblem[]): DatasetReport['skipped'] {
  const all = inOrder([...parsed.problems, ...problems], parsed);
  const { problemCounts } = parsed;
  const counts = new Map<RowProblemKind, number>();
  for (const { kind } of all) counts.set(kind, problemCounts[kind] ?? 0);
  for (const { kind } of problems) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts]
    .map(([kind, count]) => {
      const lines = all.filter((problem) => problem.kind === kind).map(({ line }) => line);
      return { kind, count, lines: lines.slice(0, namedLines) };
    })
    .sort((a, b) => b.count - a.count);
}

function repeats(rows: readonly TokenisedRow[]): Pick<DatasetReport, 'duplicates' | 'contradictions'> {
  const targets = new Map<string, Set<string>>();
  let duplicates = 0;
  let contradictions = 0;
  for (const { example } of rows) {
    const seen = targets.get(example.prompt);
    if (seen === undefined) targets.set(example.prompt, new Set([example.target]));
    else if (seen.has(example.target)) duplicates++;
    else {
      seen.add(example.target);
      // Without an input there is nothing that two targets could contradict each other about.
      if (example.prompt !== '') contradictions++;
    }
  }
  return { duplicates, contradictions };
}

function histogram(lengths: readonly number[]): DatasetReport['lengths'] {
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  const width = Math.ceil((longest + 1) / maxBins);
  const counts = Array.from({ length: Math.ceil((longest + 1) / width) }, () => 0);
  for (const length of lengths) {
    const bin = Math.floor(length / width);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { width, counts };
}
