/** A dataset as it is kept with its runs: the rows that were read, and what they are for. */
import { z } from 'zod/mini';
import type { ParsedDataset } from '../../data';
import type { ColumnMapping, DatasetOptions, ReadingChoices, RowProblem } from '../dataProtocol';

export interface KeptDataset {
  readonly rows: ParsedDataset;
  readonly options: DatasetOptions;
}

const Format = z.enum(['jsonl', 'json', 'csv', 'parquet', 'text']);
const Encoding = z.enum(['utf-8', 'utf-16le', 'utf-16be', 'windows-1252']);
const Unit = z.enum(['line', 'paragraph']);

const Choices = z.object({
  format: z.optional(Format),
  encoding: z.optional(Encoding),
  delimiter: z.optional(z.string()),
  header: z.optional(z.boolean()),
  unit: z.optional(Unit),
}) satisfies z.ZodMiniType<ReadingChoices>;

const Mapping = z.object({
  system: z.nullable(z.string()),
  inputs: z.array(z.string()),
  target: z.string(),
  kind: z.enum(['plain', 'chat', 'own']),
  template: z.string(),
  task: z.enum(['classification', 'extraction', 'generation', 'persona']),
  words: z.record(z.string(), z.string()),
}) satisfies z.ZodMiniType<ColumnMapping>;

const Options = z.object({
  reading: z.optional(Choices),
  mapping: z.optional(z.partial(Mapping)),
  validationFraction: z.optional(z.number()),
  maxTokens: z.optional(z.number()),
  maxRows: z.optional(z.number()),
  seed: z.optional(z.number()),
}) satisfies z.ZodMiniType<DatasetOptions>;

const ProblemKind = z.enum([
  'unreadable',
  'ragged',
  'empty-target',
  'empty-input',
  'too-long',
  'shortened',
  'in-both-splits',
  'template',
]);

const Problem = z.object({
  kind: ProblemKind,
  file: z.optional(z.string()),
  line: z.number(),
  column: z.optional(z.string()),
  reason: z.string(),
}) satisfies z.ZodMiniType<RowProblem>;

const Row = z.object({
  file: z.optional(z.string()),
  line: z.number(),
  cells: z.record(z.string(), z.string()),
  split: z.optional(z.enum(['train', 'validation'])),
  turns: z.optional(z.array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() }))),
});

const Rows = z.object({
  name: z.string(),
  reading: z.object({
    format: Format,
    encoding: z.nullable(Encoding),
    delimiter: z.nullable(z.string()),
    header: z.nullable(z.boolean()),
    unit: z.nullable(Unit),
    shape: z.enum(['messages', 'sharegpt', 'alpaca', 'prompt-completion', 'text-label', 'plain-text', 'columns']),
    reason: z.string(),
    files: z.array(z.object({ path: z.string(), rows: z.number(), leftOut: z.nullable(z.string()) })),
  }),
  columns: z.array(z.string()),
  rows: z.array(Row),
  read: z.number(),
  drawn: z.boolean(),
  problems: z.array(Problem),
  problemCounts: z.partialRecord(ProblemKind, z.number()),
}) satisfies z.ZodMiniType<ParsedDataset>;

export const DatasetRecord = z.object({ rows: Rows, options: Options }) satisfies z.ZodMiniType<KeptDataset>;
