/** Datasets too large to keep beside the tests: how they are drawn from, and what must not take time or memory that grows. */
import { describe, expect, it } from 'vitest';
import { parseDataset, readDataset } from '../../src/data';
import { Collector } from '../../src/data/reading/collect';
import { unpacked } from '../../src/data/reading/input';
import { JsonReader } from '../../src/data/reading/json';
import { Reservoir } from '../../src/data/reading/reservoir';
import { readingOf } from '../../src/data/reading/summary';
import type { ParsedDataset } from '../../src/data/types';
import { Random } from '../../src/tuning';
import { read, sourceOf } from './corpus';

const csv = (rows: number, row: (i: number) => string, header = 'text,label\n') =>
  header + Array.from({ length: rows }, (_, i) => row(i)).join('');
const numbered = (i: number) => `row ${i},${i % 2 ? 'odd' : 'even'}\n`;
const linesOf = ({ rows }: ParsedDataset) => rows.map(({ line }) => line);

describe('more rows than may be used', () => {
  const source = sourceOf('many.csv', csv(5000, numbered));

  it('are drawn from at random, the same for the same seed, and stay in the order of the file', async () => {
    const drawn = await read(source, { maxRows: 100, seed: 7 });
    expect(drawn).toMatchObject({ read: 5000, drawn: true });
    const lines = linesOf(drawn);
    expect(new Set(lines).size).toBe(100);
    expect(lines).toEqual([...lines].sort((a, b) => a - b));
    // Of all the file: a hundred of 5000 average at its middle, give or take 3 standard errors.
    const mean = lines.reduce((sum, line) => sum + line, 0) / lines.length;
    expect(Math.abs(mean - 2500)).toBeLessThan(450);
    expect(linesOf(await read(source, { maxRows: 100, seed: 7 }))).toEqual(lines);
    expect(linesOf(await read(source, { maxRows: 100, seed: 8 }))).not.toEqual(lines);
  });

  it('each have the same chance, whatever the seed', () => {
    const counts = new Array<number>(10).fill(0);
    for (let seed = 0; seed < 4000; seed++) {
      const drawn = new Reservoir<number>(3, new Random(seed));
      for (let i = 0; i < 10; i++) drawn.offer(() => i);
      for (const i of drawn.items) counts[i]! += 1;
    }
    // 1200 expected; the standard deviation is 29.
    for (const count of counts) expect(Math.abs(count - 1200)).toBeLessThan(120);
  });

  it('leave both splits their share, where the data brings them', async () => {
    const split = (i: number) => `row ${i},${i % 2 ? 'odd' : 'even'},${i < 4980 ? 'train' : 'test'}\n`;
    const drawn = await read(sourceOf('many.csv', csv(5000, split, 'text,label,split\n')), { maxRows: 100 });
    const heldOut = drawn.rows.filter(({ split }) => split === 'validation');
    expect(heldOut).toHaveLength(10);
    expect(drawn.rows).toHaveLength(100);
    expect(heldOut.every(({ cells }) => cells.split === 'test')).toBe(true);
  });

  it('are all counted where they cannot be read, and the first thousand are listed', async () => {
    const {
      problems,
      problemCounts,
      read: all,
    } = await read(sourceOf('bad.csv', `${csv(3000, (i) => `row ${i}\n`)}a,b\n`));
    expect(problems).toHaveLength(1000);
    expect(problems[0]).toMatchObject({ kind: 'ragged', line: 2 });
    expect([problemCounts.ragged, all]).toEqual([3000, 3001]);
  });
});

describe('a large file', () => {
  const long = 'words and more of them '.repeat(8);
  const rows = 40_000;
  const source = sourceOf(
    'large.csv',
    csv(rows, (i) => `${long}${i},${i % 2 ? 'odd' : 'even'}\n`),
  );
  const options = { choices: {}, maxRows: 1000, seed: 0, onProgress: () => {}, signal: new AbortController().signal };

  it('shows its beginning first, once, as a dataset of its own', async () => {
    const heads: ParsedDataset[] = [];
    const whole = await readDataset(source, { ...options, onHead: (head) => heads.push(head) });
    expect(heads).toHaveLength(1);
    expect(heads[0]).toMatchObject({ columns: ['text', 'label'], read: 500, drawn: false });
    expect(heads[0]?.rows).toHaveLength(500);
    expect(whole.read).toBe(rows);
  });

  it('that is read as a whole shows some of its rows before all are cut into tokens', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => ({ text: `${long}${i}`, label: 'a' }));
    const heads: ParsedDataset[] = [];
    await readDataset(sourceOf('large.json', JSON.stringify(rows)), { ...options, onHead: (head) => heads.push(head) });
    expect(heads.map(({ reading, rows }) => [reading.format, reading.files.length, rows.length])).toEqual([
      ['json', 1, 500],
    ]);
  });

  it('is not read on once it is called off', async () => {
    const controller = new AbortController();
    const reason = new Error('another file came');
    const reading = readDataset(source, {
      ...options,
      signal: controller.signal,
      onHead: () => controller.abort(reason),
    });
    await expect(reading).rejects.toBe(reason);
  });

  it('counts lines over the seams of its pieces, quoted line breaks included', async () => {
    const text = csv(12_000, (i) => (i % 3 ? `"${long}\r\nline ${i}",a\r\n` : `${long}${i},b\r\n`), 'text,label\r\n');
    const { rows, problems } = await read(sourceOf('seams.csv', text), { maxRows: 12_000 });
    expect(problems).toEqual([]);
    expect(rows).toHaveLength(12_000);
    const last = text.split('\n').length - 2;
    expect(rows.at(-1)).toMatchObject({ line: last, cells: { label: 'a' } });
  });
});

describe('what is long or late', () => {
  it('a line of 10 MB is one row', async () => {
    const text = 'x'.repeat(10_000_000);
    for (const content of [
      `text,label\n${text},a\nb,c\n`,
      `text,label\n"${text}",a\nb,c\n`,
      JSON.stringify({ text }),
    ]) {
      const { rows } = await read(sourceOf('long', content), {
        choices: content.startsWith('{') ? { format: 'jsonl' } : { format: 'csv' },
      });
      expect(rows[0]?.cells.text).toHaveLength(10_000_000);
    }
  });

  it('a quote that is never closed costs its line, not the file', async () => {
    const { rows, problems } = await read(
      sourceOf(
        'quote.csv',
        csv(100_000, (i) => (i === 5 ? `"${i},a\n` : `${long(i)},b\n`)),
      ),
    );
    expect(problems.map(({ line }) => line)).toEqual([7]);
    expect(rows).toHaveLength(10_000);
  });

  it('a byte of Windows-1252 after a megabyte of ASCII makes all of it that', async () => {
    const text = `${csv(30_000, (i) => `${long(i)},a\n`)}caf\xe9,odd\n`;
    const { reading, rows } = await read(sourceOf('late.csv', Buffer.from(text, 'latin1')), { maxRows: 40_000 });
    expect(reading).toMatchObject({
      encoding: 'windows-1252',
      reason: expect.stringContaining('byte 0xE9 in line 30002 is not UTF-8'),
    });
    expect(rows.at(-1)?.cells.text).toBe('café');
  });

  it('letters of several bytes survive the seams of pieces', async () => {
    const letters = '좋아요🙂é'.repeat(8);
    const { rows, reading } = await read(
      sourceOf(
        'seams.csv',
        csv(12_000, (i) => `${letters}${i},a\n`),
      ),
      { maxRows: 12_000 },
    );
    expect(reading.encoding).toBe('utf-8');
    expect(rows.every(({ cells }, i) => cells.text === `${letters}${i}`)).toBe(true);
  });
});

describe('what unpacks', () => {
  async function* zeros(pieces: number) {
    const piece = new Uint8Array(2 ** 26);
    for (let i = 0; i < pieces; i++) yield piece;
  }
  const through = async (pieces: number, packedBytes: number) => {
    let bytes = 0;
    for await (const piece of unpacked('a.csv.gz', zeros(pieces), packedBytes)) bytes += piece.length;
    return bytes;
  };

  it('to far more than its size is not unpacked further', async () => {
    expect(await through(20, 2 ** 23)).toBe(20 * 2 ** 26);
    expect(await through(2, 1000)).toBe(2 ** 27);
    await expect(through(20, 2 ** 22)).rejects.toThrow('a.csv.gz unpacks to more than 200 times its size.');
  });
});

describe('a JSON document that is too large to be held', () => {
  const rows = Array.from({ length: 50 }, (_, i) => JSON.stringify({ text: `"é" ${i}`, tags: [{ i }] })).join(',\n');
  const stream = (text: string) => {
    const collector = new Collector(100, 0);
    const reader = new JsonReader(
      'a.json',
      collector.file({ path: undefined, split: null, damaged: () => false }),
      200,
    );
    for (let at = 0; at < text.length; at += 97) reader.write(text.slice(at, at + 97));
    reader.end();
    const file = { path: 'a.json', rows: 0, described: reader.describe(), leftOut: null };
    const reading = readingOf('a.json', [{ ...file, encoding: 'utf-8', encodingReason: '' }], [], collector, {});
    return collector.dataset('a.json', reading);
  };

  it.each([
    ['a list', `[\n${rows}\n]`, 2, 'JSON: a list of objects.'],
    [
      'an object with a list',
      `{"tags": [1], "x": {"y": [{}]},\n"data": [\n${rows}\n]}`,
      3,
      'JSON: the list "data" of an object.',
    ],
  ])('is read as it streams, with the lines of its rows: %s', (_name, text, line, reason) => {
    const streamed = stream(text);
    expect(streamed.rows).toEqual(parseDataset('a.json', text).rows);
    expect(streamed.rows[0]?.line).toBe(line);
    expect(streamed.reading.reason).toBe(reason);
  });

  it('says on which line it breaks off', () => {
    expect(() => stream(`[\n${rows},\n{"text" 5}]`)).toThrow('a.json is not valid JSON: line 52 cannot be read.');
    expect(() => stream(`[\n${rows},\n{"text": "x`)).toThrow('a.json is not valid JSON: line 52 cannot be read.');
  });

  it('without a list of rows is refused', () => {
    expect(() => stream(JSON.stringify({ text: 'x'.repeat(300) }))).toThrow('a.json holds no list of rows.');
  });
});

function long(i: number): string {
  return `a sentence of some length, number ${i}`.replace(',', ';');
}
