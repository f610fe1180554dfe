import { describe, expect, it } from 'vitest';
import { parseDataset } from '../../src/data';
import { DataError } from '../../src/errors';

const rowsOf = (name: string, text: string) => parseDataset(name, text).rows;
const cellsOf = (name: string, text: string) => rowsOf(name, text).map(({ cells }) => cells);
const linesOf = (name: string, text: string) => rowsOf(name, text).map(({ line }) => line);
const failure = (name: string, text: string): DataError => {
  try {
    parseDataset(name, text);
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
  return expect.fail(`${name} was read`);
};

describe('JSON Lines', () => {
  it('keep the line numbers of the file over blank lines, a BOM and Windows line ends', () => {
    const text = '\uFEFF{"text":"a","label":"x"}\r\n\r\n  \r\n{"text":"b","label":"y"}\r\n';
    expect(parseDataset('a.jsonl', text)).toMatchObject({
      name: 'a.jsonl',
      columns: ['text', 'label'],
      rows: [
        { line: 1, cells: { text: 'a', label: 'x' } },
        { line: 4, cells: { text: 'b', label: 'y' } },
      ],
      problems: [],
    });
  });

  it('report bad lines with their reason and go on', () => {
    const parsed = parseDataset('a.jsonl', '{"t":1}\n{"t": 2,}\n[1]\n"x"\nnull\n{"t" 3}\n{"t":4}');
    expect(parsed.rows.map(({ line }) => line)).toEqual([1, 7]);
    expect(parsed.problems).toEqual([
      { kind: 'unreadable', line: 2, reason: expect.stringContaining('not valid JSON: ') },
      { kind: 'unreadable', line: 3, reason: 'a row must be an object like {"text": "…"}, this is a list' },
      { kind: 'unreadable', line: 4, reason: 'a row must be an object like {"text": "…"}, this is a string' },
      { kind: 'unreadable', line: 5, reason: 'a row must be an object like {"text": "…"}, this is null' },
      { kind: 'unreadable', line: 6, reason: 'not valid JSON: colon expected at character 6' },
    ]);
  });

  it('give every row every column, with an empty cell where a row has none', () => {
    const parsed = parseDataset('a.jsonl', '{"a":"1"}\n{"b":"2"}');
    expect(parsed.columns).toEqual(['a', 'b']);
    expect(parsed.rows.map(({ cells }) => cells)).toEqual([
      { a: '1', b: '' },
      { a: '', b: '2' },
    ]);
  });

  it('turn numbers, booleans, null, lists and nested objects into text', () => {
    const row = { n: 1.5, b: false, z: null, tags: ['x', 2], meta: { who: { age: 3 } }, pairs: [{ k: 1 }] };
    expect(cellsOf('a.jsonl', JSON.stringify(row))).toEqual([
      { n: '1.5', b: 'false', z: '', tags: 'x, 2', 'meta.who.age': '3', pairs: '[{"k":1}]' },
    ]);
  });

  it('survive columns with the names of built-in properties', () => {
    const [cells] = cellsOf('a.jsonl', '{"__proto__": "p", "constructor": "c", "label": "l"}');
    expect(Object.entries(cells ?? {})).toEqual([
      ['__proto__', 'p'],
      ['constructor', 'c'],
      ['label', 'l'],
    ]);
  });

  it('turn a chat into prompt and response', () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello.' },
      { role: 'user', content: 'Bye' },
      { role: 'assistant', content: 'Farewell.' },
    ];
    const short = messages.slice(1, 3);
    const shareGpt = [
      { from: 'human', value: 'Who?' },
      { from: 'gpt', value: 'Me.' },
    ];
    const text = [{ messages }, { messages: short }, { conversations: shareGpt }].map((row) => JSON.stringify(row));
    expect(cellsOf('chat.jsonl', text.join('\n'))).toEqual([
      { system: 'Be brief.', prompt: 'User: Hi\nAssistant: Hello.\nUser: Bye', response: 'Farewell.' },
      { system: '', prompt: 'Hi', response: 'Hello.' },
      { system: '', prompt: 'Who?', response: 'Me.' },
    ]);
  });

  it('are recognised when they are pasted or called .json', () => {
    const text = '{"a": "1"}\n{"a": "2"}\n';
    expect(linesOf('pasted text', text)).toEqual([1, 2]);
    expect(linesOf('data.json', text)).toEqual([1, 2]);
  });
});

describe('JSON', () => {
  it('has rows on the lines where their objects begin', () => {
    const text = '[\n  {\n    "a": {"b": [1, 2]}\n  },\n\n  {"a": {"b": []}}, {"a": 3},\n  7\n]';
    const parsed = parseDataset('a.json', text);
    expect(parsed.rows).toEqual([
      { line: 2, cells: { 'a.b': '1, 2', a: '' } },
      { line: 6, cells: { 'a.b': '', a: '' } },
      { line: 6, cells: { 'a.b': '', a: '3' } },
    ]);
    expect(parsed.problems).toEqual([
      { kind: 'unreadable', line: 7, reason: expect.stringContaining('this is a number') },
    ]);
  });

  it('may wrap the list, beside other lists', () => {
    const text = '{"version": [1],\n"features": [{"name": "x"}],\n"data": [\n{"a": "1"},\n{"a": "2"}]}';
    expect(rowsOf('a.json', text)).toEqual([
      { line: 4, cells: { a: '1' } },
      { line: 5, cells: { a: '2' } },
    ]);
  });

  it('may wrap each row, as the API of the Hugging Face hub does', () => {
    const text = JSON.stringify({ rows: [{ row_idx: 0, row: { text: 'a' }, truncated_cells: [] }] });
    expect(cellsOf('rows.json', text)).toEqual([{ text: 'a' }]);
  });

  it('is read from a .jsonl file that holds one document', () => {
    expect(linesOf('a.jsonl', '[\n{"a":1},\n{"a":2}\n]')).toEqual([2, 3]);
  });

  it('has its syntax errors reported with their line', () => {
    const error = failure('a.json', '[\n{"a": 1},\n{"a": 2,, }\n]');
    expect(error.where).toEqual({ file: 'a.json', line: 3 });
    expect(error.hint).toBeTruthy();
  });
});

describe('CSV and TSV', () => {
  it('keep the line numbers of the file over quoted line breaks and blank lines', () => {
    const text = 'a,b\r\n1,"x\r\ny"\r\n\r\n,\r\n3,"say ""hi"", please"\r\n';
    expect(rowsOf('a.csv', text)).toEqual([
      { line: 2, cells: { a: '1', b: 'x\r\ny' } },
      { line: 6, cells: { a: '3', b: 'say "hi", please' } },
    ]);
  });

  it.each([
    ['a.csv', 'text;label\nWell, yes;good\nNo, no;bad'],
    ['a.tsv', 'text\tlabel\nWell, yes\tgood\nNo, no\tbad'],
    ['notes.txt', 'text\tlabel\nWell, yes\tgood\nNo, no\tbad'],
    ['pasted text', 'text|label\nWell, yes|good\nNo, no|bad'],
  ])('find the separator of %s', (name, text) => {
    expect(cellsOf(name, text)).toEqual([
      { text: 'Well, yes', label: 'good' },
      { text: 'No, no', label: 'bad' },
    ]);
  });

  it('report ragged rows with line, column and reason', () => {
    const parsed = parseDataset('a.csv', 'a,b,c\n1,2,3\n1,2\n1,2,3,4\n1,2,3,\n');
    expect(parsed.rows.map(({ line }) => line)).toEqual([2, 5]);
    expect(parsed.problems).toEqual([
      { kind: 'ragged', line: 3, column: 'c', reason: '2 of 3 cells; nothing for "c"' },
      { kind: 'ragged', line: 4, reason: expect.stringContaining('4 cells where the header has 3') },
    ]);
  });

  it('lose only the row where a quote is never closed', () => {
    const parsed = parseDataset('a.csv', 'a,b\n1,2\n3,"4\n5,6\n"x" y,7\n8,9');
    expect(parsed.rows.map(({ line }) => line)).toEqual([2, 4, 6]);
    expect(parsed.problems.map(({ line }) => line)).toEqual([3, 5]);
    expect(parsed.problems[0]?.reason).toContain('quote');
  });

  it('take quotes in tab-separated files as plain characters where they do not pair', () => {
    const parsed = parseDataset('a.tsv', 'text\tlabel\n"Good" soup\tyes\n"Well\tno\n');
    expect(parsed.problems).toEqual([]);
    expect(parsed.rows.map(({ line, cells }) => [line, cells.text])).toEqual([
      [2, '"Good" soup'],
      [3, '"Well'],
    ]);
  });

  it('pass over a cell of NUL characters beside quotes that do not pair', () => {
    const parsed = parseDataset('a.tsv', 'text\tlabel\n"x\t\0\ny\tb\n');
    expect(parsed.problems).toEqual([{ kind: 'unreadable', line: 2, reason: 'it holds bytes that are no text' }]);
    expect(parsed.rows.map(({ line }) => line)).toEqual([3]);
  });

  it('take quotes as plain characters where fifty of them are broken: each costs a new start', () => {
    const parsed = parseDataset('a.csv', `a,b\n${'"x" y,1\n'.repeat(20_000)}`);
    expect(parsed.problems).toHaveLength(50);
    expect(parsed.rows).toHaveLength(19_950);
    expect(parsed.rows[0]).toEqual({ line: 52, cells: { a: '"x" y', b: '1' } });
  });

  it('name columns that have no name, and number those that have the same', () => {
    expect(parseDataset('a.csv', 'text,,text\n1,2,3').columns).toEqual(['text', 'column 2', 'text_2']);
  });

  it('read a file without a header from its first line', () => {
    const sentiment = 'I liked the soup,good\nI hated it,bad\nGrand,good\nPoor,bad\nFine,good';
    const parsed = parseDataset('a.csv', sentiment);
    expect(parsed.columns).toEqual(['column 1', 'column 2']);
    expect(parsed.rows[0]).toEqual({ line: 1, cells: { 'column 1': 'I liked the soup', 'column 2': 'good' } });
    const scored = parseDataset('b.csv', 'fine,1\npoor,0');
    expect(scored.rows).toHaveLength(2);
  });

  it('keep a header whose words come again as values', () => {
    expect(parseDataset('a.csv', 'text,label\na,label\nb,label').columns).toEqual(['text', 'label']);
  });
});

describe('a file that cannot be used', () => {
  it.each([
    ['empty', '', /is empty/],
    ['blank', '\uFEFF \n \n', /is empty/],
    ['header.csv', 'a,b\n', /header and no rows/],
    ['bad.jsonl', '{"a" 1}\n{"a" 2}', /no row that can be used. Line 1: not valid JSON/],
    ['scalar.json', '5', /no list of rows/],
    ['list.json', '[]', /no rows/],
    ['empty.json', '[{}]', /no columns/],
    ['page.csv', '\n<!DOCTYPE html>\n<title>Not, found</title>\n', /is a web page/],
    ['sheet.xlsx', 'PK\u0000\u0000', /not a text file/],
  ])('(%s) is an error with the file and what to do', (name, text, message) => {
    const error = failure(name, text);
    expect(error.message).toMatch(message);
    expect(error.where.file).toBe(name);
  });
});

describe('ten thousand rows', () => {
  const rows = Array.from({ length: 10_000 }, (_, i) => ({
    text: `some "text", here ${i}`,
    label: i % 2 ? 'a' : 'b',
  }));
  const files = {
    'a.jsonl': rows.map((row) => JSON.stringify(row)).join('\n'),
    'a.json': JSON.stringify(rows, null, 1),
    'a.csv': `text,label\n${rows.map(({ text, label }) => `"${text.replaceAll('"', '""')}",${label}`).join('\n')}`,
  };
  it.each(Object.entries(files))('are read from %s as they were written', (name, text) => {
    expect(parseDataset(name, text).rows.map(({ cells }) => cells)).toEqual(rows);
  });
});
