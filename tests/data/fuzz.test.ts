/** Whatever is dropped, it is read or refused with a DataError: never anything else. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { corpusFolder, outcomeOf, sourceOf } from './corpus';

const names = readdirSync(corpusFolder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name !== 'expected.json')
  .map((entry) => join(entry.parentPath, entry.name));
const contents = names.map((name) => ({
  name: name.split('/').at(-1) ?? name,
  bytes: new Uint8Array(readFileSync(name)),
}));

/** `outcomeOf` throws on anything but a DataError. */
const isDecided = async (name: string, bytes: Uint8Array) => {
  const outcome = await outcomeOf(sourceOf(name, new Uint8Array(bytes)), { maxRows: 50 });
  if (outcome.error === undefined) expect(outcome.rows).toBeGreaterThan(0);
  else expect(outcome.error).not.toMatch(/undefined|NaN|\[object/);
};

const file = fc.constantFrom(...contents);
const name = fc.constantFrom('a.csv', 'a.tsv', 'a.json', 'a.jsonl', 'a.txt', 'a.parquet', 'a.zip', 'pasted text');

describe('any file', () => {
  it('of any bytes is read or refused', async () => {
    await fc.assert(fc.asyncProperty(name, fc.uint8Array({ maxLength: 300 }), isDecided), { numRuns: 80, seed: 1 });
  });

  it('of text that looks like rows is read or refused', async () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ',',
      ';',
      '\t',
      '\n',
      '\r',
      ':',
      'text',
      '1',
      ' ',
      '\\',
      'é',
      '\0',
    );
    const text = fc.array(piece, { maxLength: 60 }).map((pieces) => Buffer.from(pieces.join('')));
    await fc.assert(fc.asyncProperty(name, text, isDecided), { numRuns: 150, seed: 2 });
  });

  it('of the corpus that breaks off anywhere is read or refused', async () => {
    const cut = fc.tuple(file, fc.double({ min: 0, max: 1, noNaN: true }));
    await fc.assert(
      fc.asyncProperty(cut, ([{ name, bytes }, share]) => isDecided(name, bytes.slice(0, bytes.length * share))),
      { numRuns: 100, seed: 3 },
    );
  });

  it('of the corpus with bytes changed is read or refused', async () => {
    const change = fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.integer({ min: 0, max: 255 }));
    const changed = fc
      .tuple(file, fc.array(change, { minLength: 1, maxLength: 4 }))
      .map(([{ name, bytes }, changes]) => {
        const copy = bytes.slice();
        for (const [at, byte] of changes) copy[Math.floor(at * copy.length)] = byte;
        return { name, bytes: copy };
      });
    await fc.assert(
      fc.asyncProperty(changed, ({ name, bytes }) => isDecided(name, bytes)),
      { numRuns: 100, seed: 4 },
    );
  });
});
