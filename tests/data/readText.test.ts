/** The text of a dropped file, whatever wrote it. */
import { describe, expect, it } from 'vitest';
import { readText } from '../../src/data/readText';

describe('a dropped file', () => {
  it.each([
    ['UTF-8', Buffer.from('text,label\n좋아요,good\n')],
    ['UTF-8 with its mark', Buffer.from('\uFEFFtext,label\n좋아요,good\n')],
    ['UTF-16 of a spreadsheet', Buffer.from('\uFEFFtext,label\n좋아요,good\n', 'utf16le')],
    ['UTF-16 of an old Macintosh', Buffer.from('\uFEFFtext,label\n좋아요,good\n', 'utf16le').swap16()],
  ])('is read from %s', (_name, bytes) => {
    expect(readText('a.csv', bytes)).toBe('text,label\n좋아요,good\n');
  });

  it('in another encoding is refused with the line, not guessed', () => {
    expect(() => readText('a.csv', Buffer.from('text,label\nplain,good\ncaf\xe9,bad\n', 'latin1'))).toThrow(
      expect.objectContaining({
        kind: 'data',
        message: 'a.csv is not UTF-8 text: line 3 holds other bytes.',
        where: { file: 'a.csv', line: 3 },
        hint: expect.stringContaining('UTF-8'),
      }),
    );
  });

  it('that is no text is called so', () => {
    expect(() => readText('a.csv', Uint8Array.of(0x89, 0x50, 0, 0, 0xff))).toThrow('a.csv is not a text file.');
  });
});
