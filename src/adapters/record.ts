/**
 * prelude.json: what Prelude knows of an adapter beyond PEFT's own files, which stay exactly as PEFT writes them. Any field
 * may be missing in a file from elsewhere.
 */
import { z } from 'zod/mini';
import { AdapterError } from '../errors';

const text = z.optional(z.nullable(z.string()));
const number = z.optional(z.nullable(z.number()));

const PreludeRecord = z.object({
  format: z.literal(1),
  name: text,
  /** As in `ColumnMapping.template`. */
  template: text,
  task: z.optional(z.nullable(z.enum(['classification', 'extraction', 'generation', 'persona']))),
  /** As in `ColumnMapping`; with the template they make the prompt again. */
  kind: z.optional(z.nullable(z.enum(['plain', 'chat', 'own']))),
  system: text,
  words: z.optional(z.nullable(z.record(z.string(), z.string()))),
  initText: text,
  steps: number,
  learningRate: number,
  seed: number,
  /** Validation loss (nats per supervised token) and accuracy, of the model alone and with the adapter. */
  baseLoss: number,
  loss: number,
  baseAccuracy: number,
  accuracy: number,
});

export type PreludeRecord = Omit<z.infer<typeof PreludeRecord>, 'format'>;

export function writeRecord(record: PreludeRecord): string {
  return `${JSON.stringify(z.parse(PreludeRecord, { ...record, format: 1 }), null, 2)}\n`;
}

/** @throws AdapterError where the text is no such record */
export function readRecord(source: string, file: string): PreludeRecord {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch {
    value = null;
  }
  const parsed = z.safeParse(PreludeRecord, value);
  if (parsed.success) {
    const { format: _, ...record } = parsed.data;
    return record;
  }
  const field = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new AdapterError(
    field === 'format' ? `${file} was written by a newer Prelude.` : `${file} cannot be read.`,
    { file, ...(field === '' ? {} : { field }) },
    `Leave ${file} out: the adapter works without it.`,
  );
}
