/** Numbers and places as words, and the keys of the page. */
import { describe, expect, it } from 'vitest';
import {
  formatAbout,
  formatAccuracy,
  formatBytes,
  formatDims,
  formatDuration,
  formatLoss,
  formatMillions,
  formatRate,
  formatShare,
  formatWhen,
  sayEnding,
  sayParts,
  sayWhere,
} from '../../src/ui/format';
import { keyAction } from '../../src/ui/keys';

describe('numbers', () => {
  it.each([
    [formatBytes(412), '412 bytes'],
    [formatBytes(16_480), '16 kB'],
    [formatBytes(131_168), '131 kB'],
    [formatBytes(999_600), '1 MB'],
    [formatBytes(5_110_000), '5.1 MB'],
    [formatMillions(7_084_288), '7.1 million'],
    [formatMillions(4096), '4,096'],
    [formatShare(0.000578), '0.058 %'],
    [formatShare(0.0046), '0.46 %'],
    [formatAccuracy(0.7333), '73.3 %'],
    [formatAccuracy(null), '–'],
    [formatLoss(0.4123), '0.412'],
    [formatLoss(Number.NaN), 'not a number'],
    [formatLoss(null), '–'],
    [formatRate(1540.4), '1,540 tokens/s'],
    [formatRate(3.21), '3.2 tokens/s'],
    [formatDims([16, 2048]), '16 × 2,048'],
    [formatWhen(1000, 900), 'just now'],
    [formatWhen(0, 59_000), 'just now'],
    [formatWhen(0, 5 * 60_000), '5 minutes ago'],
    [formatWhen(0, 26 * 3_600_000), 'yesterday'],
    [formatWhen(0, 20 * 86_400_000), '2 weeks ago'],
    [sayParts(8, false), 'in micro-batches of 8'],
    [sayParts(1, true), 'one row at a time, layers computed twice'],
    [sayEnding('out-of-memory'), 'ran out of memory'],
    [sayEnding('stopped'), 'stopped'],
  ])('%s is %s', (shown, wanted) => {
    expect(shown).toBe(wanted);
  });
});

describe('times', () => {
  it('have no more digits than are known', () => {
    expect(formatDuration(0.4)).toBe('under 1 s');
    expect(formatDuration(48.4)).toBe('48 s');
    expect(formatDuration(100)).toBe('1 min 40 s');
    expect(formatDuration(120)).toBe('2 min');
    expect(formatDuration(7500)).toBe('2 h 5 min');
    expect(formatDuration(Number.POSITIVE_INFINITY)).toBe('unknown');
  });

  it('say "about" where they are estimates', () => {
    expect(formatAbout(48)).toBe('about 50 s');
    expect(formatAbout(97)).toBe('about 1 min 40 s');
    expect(formatAbout(59)).toBe('about 1 min');
    expect(formatAbout(0.2)).toBe('under 1 s');
  });
});

describe('places', () => {
  it('are said from the file inwards', () => {
    expect(sayWhere({ column: 'label', line: 12, file: 'reviews.csv' })).toBe('reviews.csv, line 12, column label');
    expect(sayWhere({ node: '/lm_head', offset: 4096 })).toBe('node /lm_head, byte 4,096');
    expect(sayWhere({})).toBeNull();
    expect(sayWhere({ field: 'token' })).toBeNull();
    expect(sayWhere({ file: 'model.onnx', field: 'terms' })).toBe('model.onnx');
  });
});

describe('keys', () => {
  it('go to steps, pause and help, unless a field has the keyboard', () => {
    expect(keyAction({ key: '3', modified: false, focus: 'page' })).toEqual({ type: 'go', step: 'Tune' });
    expect(keyAction({ key: '3', modified: false, focus: 'control' })).toEqual({ type: 'go', step: 'Tune' });
    expect(keyAction({ key: '3', modified: false, focus: 'field' })).toBeNull();
    expect(keyAction({ key: '6', modified: false, focus: 'page' })).toBeNull();
    expect(keyAction({ key: '3', modified: true, focus: 'page' })).toBeNull();
    expect(keyAction({ key: ' ', modified: false, focus: 'page' })).toEqual({ type: 'pause' });
    expect(keyAction({ key: ' ', modified: false, focus: 'control' })).toBeNull();
    expect(keyAction({ key: '?', modified: false, focus: 'page' })).toEqual({ type: 'help' });
  });
});
