/** The chart of a sweep: methods over the sizes of all, and in words. */
import { expect, it } from 'vitest';
import { describeSweep, sweepColumns } from '../../src/state/sweepChart';

const SERIES = [
  {
    method: 'prefix',
    points: [
      { size: 4, loss: 0.75, parameters: 8192 },
      { size: 16, loss: 0.5, parameters: 32_768 },
    ],
  },
  { method: 'lora', points: [{ size: 2, loss: 0.625, parameters: 1024 }] },
] as const;

it('each method has its loss and its numbers over the sizes of all', () => {
  expect(sweepColumns(SERIES)).toEqual([
    [2, 4, 16],
    [null, 0.75, 0.5],
    [null, 8192, 32_768],
    [0.625, null, null],
    [1024, null, null],
  ]);
});

it('says the loss of each size, and how many numbers that takes', () => {
  expect(describeSweep(SERIES)).toBe(
    'prefix: 0.75 at 4 (8,192 numbers), 0.50 at 16 (32,768 numbers). LoRA: 0.63 at 2 (1,024 numbers).',
  );
});
