/** The command line of `npm run -s tune`, read and checked. */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { DataError } from '../errors';

export const USAGE = `npm run -s tune -- --model DIR --data FILE --out DIR [options]

  --model DIR            folder with config.json, tokenizer.json and an ONNX decoder
  --data FILE            .jsonl, .json, .csv or .tsv
  --out DIR              where the PEFT folder and log.jsonl go
  --method prefix        what is learned: prefix | prompt | lora
  --length 16            virtual tokens of a prefix or prompt
  --init text            text | random | vocab | zero
  --init-text TEXT       the text to start from (default: one made from the task)
  --projection N         a prefix is made by a network of this hidden width while it is trained
  --frozen-tokens 0      first tokens of a prefix that stay as they start
  --encoder N            a prompt is made by a network of this hidden width (P-tuning)
  --rank 8               of LoRA
  --alpha 16             LoRA's update counts alpha / rank
  --dropout 0            share of its inputs that LoRA leaves out in a step
  --targets q,v          projections for LoRA: q, k, v, o, gate, up, down
  --steps N | --epochs N how long (default: 150 steps)
  --lr X                 peak learning rate (default: by method)
  --batch 16             examples per step
  --memory-budget MIB    for weights and graphs together (default: half of the machine's memory)
  --seed 0
  --input-column C       default: guessed, like --target-column
  --target-column C
  --template T           e.g. 'Review: {text}\\nVerdict: {label}'
  --validation 0.2       share of the rows held out
  --gpus FILE.zip        also write what it takes to go on with PEFT on GPUs
  --trace DIR            also write where it starts from and the rows of each step
  --json                 print one JSON object on the last line`;

const number = z.coerce.number().refine(Number.isFinite, 'not a number');
const positive = number.refine((value) => value > 0, 'must be above zero');
const whole = positive.refine(Number.isInteger, 'must be a whole number');

const Options = z.object({
  model: z.string(),
  data: z.string(),
  out: z.string(),
  method: z.enum(['prefix', 'prompt', 'lora']).default('prefix'),
  length: whole.default(16),
  projection: whole.optional(),
  'frozen-tokens': z.coerce
    .number()
    .refine((value) => Number.isInteger(value) && value >= 0, 'must be a whole number')
    .default(0),
  encoder: whole.optional(),
  rank: whole.default(8),
  alpha: positive.default(16),
  dropout: number.refine((value) => value >= 0 && value < 1, 'must be at least 0 and below 1').default(0),
  targets: z
    .string()
    .transform((list) => list.split(',').map((role) => role.trim()))
    .pipe(z.array(z.enum(['q', 'k', 'v', 'o', 'gate', 'up', 'down'])))
    .default(['q', 'v']),
  init: z.enum(['text', 'random', 'vocab', 'zero']).default('text'),
  'init-text': z.string().optional(),
  steps: whole.optional(),
  epochs: positive.optional(),
  lr: positive.optional(),
  batch: whole.default(16),
  'memory-budget': positive.optional(),
  seed: number.refine(Number.isInteger, 'must be a whole number').default(0),
  'input-column': z.string().optional(),
  'target-column': z.string().optional(),
  template: z.string().optional(),
  validation: number.refine((value) => value >= 0 && value <= 0.5, 'must be between 0 and 0.5').default(0.2),
  gpus: z.string().optional(),
  trace: z.string().optional(),
  json: z.boolean().default(false),
});

export type TuneOptions = z.infer<typeof Options>;

/** @throws DataError that names the option */
export function parseOptions(args: readonly string[]): TuneOptions {
  const names = Object.keys(Options.shape).filter((name) => name !== 'json');
  let values: Record<string, unknown>;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean' },
        ...Object.fromEntries(names.map((name) => [name, { type: 'string' } as const])),
      },
    }));
  } catch (cause) {
    throw new DataError(cause instanceof Error ? cause.message : String(cause), {}, USAGE);
  }
  const parsed = Options.safeParse(values);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const option = `--${issue?.path.join('.') ?? ''}`;
  const missing = values[issue?.path[0] as string] === undefined;
  throw new DataError(missing ? `${option} is missing.` : `${option}: ${issue?.message}.`, { field: option }, USAGE);
}
