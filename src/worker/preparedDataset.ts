/** A dataset as the engine holds it: parsed, mapped, tokenised, split, and what the page shows of it. */
import {
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
import { labelTargets, type ValidationSet, validationSet } from '../evaluation';
import type { ModelTokenizer } from '../models';
import type { DatasetOptions, DatasetSummary } from './protocol';
import type { KeptDataset } from './store';

export interface PreparedDataset {
  readonly summary: DatasetSummary;
  /** What it was prepared from; the mapping as it was found, so that a later guess cannot differ. */
  readonly source: KeptDataset;
  readonly train: readonly TokenisedRow[];
  readonly heldOut: readonly TokenisedRow[];
  /** What `heldOut` is measured by. */
  readonly validation: ValidationSet;
  /** Target tokens of each label; none for generation. */
  readonly labelTargets: ReadonlyMap<string, readonly number[]>;
}

/** Enough for a stable loss; more would only make every validation slower. */
const MAX_VALIDATION_ROWS = 200;
const PREVIEW_ROWS = 5;
const OFFERED_EXAMPLES = 8;
const DEFAULT_VALIDATION_FRACTION = 0.1;

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
  const maxTokens = Math.min(options.maxTokens ?? maxTokensLimit, maxTokensLimit);
  const mapping = resolveMapping(parsed, partial, tokenizer);
  const { tokenised, problems, shortened } = await trainingRows(parsed, mapping, tokenizer, { maxTokens }, watch);
  const skipped = [...parsed.problems, ...problems].sort((a, b) => a.line - b.line);
  if (tokenised.length === 0) {
    const [first] = skipped;
    throw new DataError(
      `No row of ${name} can be used${first ? `: line ${first.line}, ${first.reason}` : ''}.`,
      { file: name, ...(first && { line: first.line }) },
      'Check which columns are the input and the target.',
    );
  }
  const fraction = Math.min(validationFraction, MAX_VALIDATION_ROWS / tokenised.length);
  const { train, validation } = splitExamples(tokenised, { validationFraction: fraction, seed });
  const labels = labelSummaries(tokenised, mapping, tokenizer);
  const lengths = tokenised.map(({ tokenIds }) => tokenIds.length);
  return {
    train,
    heldOut: validation,
    labelTargets: labelTargets(tokenised),
    validation: validationSet(
      validation,
      labels.map(({ label }) => label),
      tokenised,
    ),
    source: { rows: parsed, options: { ...options, mapping, validationFraction, seed } },
    summary: {
      name,
      reading: parsed.reading,
      columns: parsed.columns,
      samples: Object.fromEntries(parsed.columns.map((column) => [column, samplesOf(parsed, column)])),
      mapping,
      labels,
      usableRows: tokenised.length,
      trainRows: train.length,
      validationRows: validation.length,
      skipped,
      shortened,
      report: {
        read: parsed.read,
        drawn: parsed.drawn ? parsed.rows.length : null,
        usable: tokenised.length,
        skipped: [],
        duplicates: 0,
        contradictions: 0,
        inBothSplits: 0,
        split: 'random',
        lengths: { width: 8, counts: [] },
        maxTokens,
        maxTokensLimit,
        cutRows: shortened.length,
        cutShare: 0,
      },
      preview: train.slice(0, PREVIEW_ROWS).map((example) => ({
        line: example.line,
        tokens: tokenPieces(example, tokenizer),
      })),
      examples: validation.slice(0, OFFERED_EXAMPLES).map(({ line, example: { prompt, target } }) => ({
        line,
        prompt,
        target,
      })),
      longestTokens: Math.max(...lengths),
      meanTokens: lengths.reduce((sum, length) => sum + length, 0) / lengths.length,
    },
  };
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
