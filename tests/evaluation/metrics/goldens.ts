/** What the reference tools say, as tools/metrics/make_goldens.py wrote it. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const Texts = z.object({
  sentences: z.array(
    z.object({
      answer: z.string(),
      target: z.string(),
      /** Of the answer, as 13a cuts it. */
      words: z.array(z.string()),
      bleu: z.number(),
      chrf: z.number(),
      /** null where there are letters that rouge-score does not see. */
      rouge_l: z.nullable(z.number()),
    }),
  ),
  corpora: z.array(
    z.object({
      /** Which of the sentences. */
      first: z.number(),
      end: z.number(),
      bleu: z.number(),
      chrf: z.number(),
      distinct_1: z.number(),
      distinct_2: z.number(),
    }),
  ),
});

const TagSequences = z.object({
  targets: z.array(z.string()),
  answers: z.array(z.string()),
  /** Of each target, `[type, first-last]`. */
  entities: z.array(z.array(z.tuple([z.string(), z.string()]))),
  precision: z.number(),
  recall: z.number(),
  f1: z.number(),
  /** Precision, recall and F1 of each type. */
  by_type: z.record(z.string(), z.tuple([z.number(), z.number(), z.number()])),
});

const Labelled = z.object({
  labels: z.array(z.string()),
  targets: z.array(z.string()),
  answers: z.array(z.string()),
  accuracy: z.number(),
  macro_f1: z.number(),
  confusion: z.array(z.array(z.number())),
});

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`goldens/${name}.json`, import.meta.url), 'utf8'));

export const texts = () => Texts.parse(read('texts'));
export const tagSequences = () => z.array(TagSequences).parse(read('entities'));
export const labelled = () => z.array(Labelled).parse(read('classification'));
