/** Every awkward dataset gives a person what its entry in expected.json says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { corpusFolder, corpusNames, corpusSource, outcomeOf } from './corpus';

const Choices = z.object({
  format: z.enum(['jsonl', 'json', 'csv', 'parquet', 'text']).optional(),
  encoding: z.enum(['utf-8', 'utf-16le', 'utf-16be', 'windows-1252']).optional(),
  delimiter: z.string().optional(),
  header: z.boolean().optional(),
  unit: z.enum(['line', 'paragraph']).optional(),
});
const Expected = z.record(
  z.string(),
  z.looseObject({ file: z.string().optional(), choices: Choices.optional(), reason: z.string().optional() }),
);

const expected = Object.entries(Expected.parse(JSON.parse(readFileSync(join(corpusFolder, 'expected.json'), 'utf8'))));

describe('a dataset', () => {
  it.each(expected)(
    'is read, or refused, as a person would want: %s',
    async (name, { file = name, choices, ...wanted }) => {
      const outcome = await outcomeOf(corpusSource(file), choices ? { choices } : {});
      const { reason, ...seen } = { reason: undefined, ...outcome };
      expect(wanted.reason === undefined ? seen : { reason, ...seen }).toMatchObject(wanted);
      // Nothing is left out unless the entry says so, and no row is a problem.
      for (const key of ['problems', 'leftOut', 'heldOut']) expect(key in wanted).toBe(key in seen);
    },
  );

  it('of the corpus has an entry, and every entry a dataset', () => {
    expect([...new Set(expected.map(([name, { file = name }]) => file))].sort()).toEqual(corpusNames);
    expect(corpusNames.length).toBeGreaterThanOrEqual(64);
  });
});
