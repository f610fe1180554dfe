/** A dataset as the engine holds it: parsed, mapped, tokenised, split, and what the page shows of it. */
import {
  datasetReport,
  inOrder,
  labelSummaries,
  type ParsedDataset,
  resolveMapping,
  splitExamples,
  type TokenisedRow,
  tokenPieces,
  trainingRows,
  type Watch,
} from '../data';
import { DataError } from '../errors';
import { drawRows, labelTargets, type ValidationSet, validationSet } from '../evaluation';
import type { ModelTokenizer } from '../models';
import { nextTask } from '../tuning';
import type { DatasetOptions, DatasetSummary, RowProblem } from './protocol';
import type { KeptDataset } from './store';

export interface PreparedDataset {
  readonly summary: DatasetSummary;
  /** What it was prepared from; the mapping as it was found, so that a later guess cannot differ. */
  readonly source: KeptDataset;
  readonly train: readonly TokenisedRow[];
  readonly heldOut: readonly TokenisedRow[];
  /** What is measured during training: all of `heldOut`, or a draw from it where that is large. */
  readonly validation: ValidationSet;
  /** Target tokens of each label; none for other tasks. */
  readonly labelTargets: ReadonlyMap<string, readonly number[]>;
}

/** Enough for a stable loss; more would only make every validation slower. */
const MAX_VALIDATION_ROWS = 200;
const PREVIEW_ROWS = 5;
const OFFERED_EXAMPLES = 8;
const LISTED_PROBLEMS = 1000;
const DEFAULT_VALIDATION_FRACTION = 0.1;
/** Below this there is no room for a prompt and an answer. */
const MIN_TOKENS = 8;

/**
 * Lets the event loop turn while it works.
 * @param maxTokensLimit tokens that a row may have at most
 * @throws DataError if the mapping is none for this data, or no row can be used
 */
export async function prepareDataset(
  parsed: ParsedDataset,
  options: DatasetOptions,
  tokenizer: ModelTokenizer,
  maxTokensLimit: number,
  watch: Watch = {},
): Promise<PreparedDataset> {
  const { mapping: partial = {}, validationFraction = DEFAULT_VALIDATION_FRACTION, seed = 0 } = options;
  const { name } = parsed;
  const maxTokens = checkedMaxTokens(options.maxTokens, maxTokensLimit);
  const mapping = resolveMapping(parsed, partial, tokenizer);
  await nextTask();
  const rows = await trainingRows(parsed, mapping, tokenizer, { maxTokens }, watch);
  const { tokenised } = rows;
  const unusable = inOrder([...parsed.problems, ...rows.problems], parsed);
  if (tokenised.length === 0) throw noRow(parsed, rows.problems[0] ?? unusable[0]);
  await nextTask();
  const split = splitExamples(tokenised, { validationFraction, seed });
  const { train, validation: heldOut, leaked } = split;
  await nextTask();
  const used = [...train, ...heldOut];
  const labels = labelSummaries(used, mapping, tokenizer);
  const lengths = used.map(({ tokenIds }) => tokenIds.length);
  return {
    train,
    heldOut,
    labelTargets: labelTargets(used),
    validation: validationSet(
      drawRows(heldOut, MAX_VALIDATION_ROWS, seed),
      labels.map(({ label }) => label),
      used,
    ),
    source: { rows: parsed, options: { ...options, mapping, validationFraction, seed } },
    summary: {
      name,
      reading: parsed.reading,
      columns: parsed.columns,
      samples: Object.fromEntries(parsed.columns.map((column) => [column, samplesOf(parsed, column)])),
      mapping,
      labels,
      usableRows: used.length,
      trainRows: train.length,
      validationRows: heldOut.length,
      skipped: inOrder([...unusable, ...leaked], parsed).slice(0, LISTED_PROBLEMS),
      shortened: rows.shortened.slice(0, LISTED_PROBLEMS),
      report: datasetReport({ parsed, rows, split, maxTokens, maxTokensLimit }),
      preview: previewed(train).map((row) => ({ line: row.line, tokens: tokenPieces(row, tokenizer) })),
      examples: heldOut.slice(0, OFFERED_EXAMPLES).map(({ line, example: { prompt, target } }) => ({
        line,
        prompt,
        target,
      })),
      longestTokens: longestOf(used, labels.length > 0),
      meanTokens: lengths.reduce((sum, length) => sum + length, 0) / lengths.length,
    },
  };
}

function checkedMaxTokens(wanted: number | undefined, limit: number): number {
  if (wanted === undefined) return limit;
  if (Number.isInteger(wanted) && wanted >= MIN_TOKENS && wanted <= limit) return wanted;
  throw new DataError(
    `A row cannot have up to ${wanted} tokens.`,
    {},
    `Choose a whole number from ${MIN_TOKENS} to ${limit}, which is what this model can read beside virtual tokens.`,
  );
}

function noRow({ name }: ParsedDataset, first: RowProblem | undefined): DataError {
  return new DataError(
    `No row of ${name} can be used${first ? `: line ${first.line}, ${first.reason}` : ''}.`,
    { file: first?.file ?? name, ...(first && { line: first.line }) },
    first?.kind === 'template'
      ? 'Leave the system message out, or choose the plain template.'
      : first?.kind === 'too-long'
        ? 'Allow more tokens per row, or choose another target column.'
        : 'Check which columns are the input and the target.',
  );
}

/** Tokens of the longest row; where it chooses a label, with the longest of all labels behind it, since each is tried. */
function longestOf(rows: readonly TokenisedRow[], chooses: boolean): number {
  const longest = (of: (row: TokenisedRow) => number) => rows.reduce((most, row) => Math.max(most, of(row)), 0);
  const target = ({ tokenIds, targetStart }: TokenisedRow) => tokenIds.length - targetStart;
  if (!chooses) return longest(({ tokenIds }) => tokenIds.length);
  return longest(({ targetStart }) => targetStart) + longest(target);
}

/** The first rows, among them one that is cut, where there is one. */
function previewed(rows: readonly TokenisedRow[]): readonly TokenisedRow[] {
  const first = rows.slice(0, PREVIEW_ROWS);
  const isCut = ({ cut }: TokenisedRow) => cut.length > 0;
  const cut = first.some(isCut) ? undefined : rows.find(isCut);
  return cut === undefined ? first : [...first.slice(0, PREVIEW_ROWS - 1), cut];
}

function samplesOf({ rows }: ParsedDataset, column: string): string[] {
  const values = new Set<string>();
  for (const { cells } of rows) {
    const value = (cells[column] ?? '').trim();
    if (value !== '') values.add(value.slice(0, 80));
    if (values.size === 3) break;
  }
  return [...values];
}
