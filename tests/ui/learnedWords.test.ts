/** What the figures of "What did it learn?" say in words. */
import { describe, expect, it } from 'vitest';
import { figuresFor } from '../../src/state/learned';
import { formatChange, MISSING, sayAblation, sayGaze, showToken } from '../../src/ui/learned/words';

const row = (index: number, ...shares: number[]) => ({ index, shares, total: shares.reduce((sum, x) => sum + x, 0) });

describe('the map of attention in words', () => {
  it('names the row that looks most, where, and the one that looks least, counted from 1', () => {
    expect(sayGaze([row(0, 0.02, 0.01), row(1, 0.1, 0.24), row(2, 0.1, 0)], 'prefix', 'Layer')).toBe(
      'Layer 2 looks at the prefix most: 34 % of its attention, and there at position 2 most (24 %). Layer 1 does least: 3 %.',
    );
  });

  it('compares nothing where there is one row, and says nothing where there is none', () => {
    expect(sayGaze([row(0, 0.5)], 'prompt', 'Head')).toBe(
      'Head 1 looks at the prompt most: 50 % of its attention, and there at position 1 most (50 %).',
    );
    expect(sayGaze([], 'prompt', 'Head')).toBe('');
  });
});

describe('ablation in words', () => {
  const whole = { loss: 0.4, accuracy: 0.9 };
  const alone = { loss: 2.3, accuracy: 0.5 };
  const layer = (index: number, loss: number) => ({ layer: index, loss, accuracy: 0.8 });

  it('says on what it was measured, and which layer is missed most', () => {
    expect(sayAblation({ rows: 40, alone, whole, layers: [layer(0, 0.41), layer(1, 0.6)] })).toBe(
      'Measured on 40 held-out rows: loss 0.400 (90.0 % right) with all of it, 2.300 (50.0 % right) for the model alone. ' +
        'Without layer 2 it does worst: +0.200 nats.',
    );
  });

  it('does not call a layer missed without which it does no worse', () => {
    const figure = { rows: 1, alone: { ...alone, accuracy: null }, whole: { ...whole, accuracy: null } };
    expect(sayAblation({ ...figure, layers: [layer(0, 0.3)] })).toBe(
      'Measured on 1 held-out row: loss 0.400 with all of it, 2.300 for the model alone. No layer that was switched off made it worse.',
    );
    expect(sayAblation({ ...figure, layers: [] })).toMatch(/alone\.$/);
  });

  it('has a sign on every change', () => {
    expect([0.2, -0.0131, 0].map(formatChange)).toEqual(['+0.200', '−0.013', '+0.000']);
  });
});

it('says why figures are missing, exactly for the methods that do not have all four', () => {
  const lora = { method: 'lora', rank: 4, alpha: 8, modules: 2, targets: ['q_proj'] } as const;
  const shapes = [{ method: 'prefix', length: 2 }, { method: 'prompt', length: 2 }, lora] as const;
  for (const shape of shapes) {
    expect(MISSING[shape.method] === null, shape.method).toBe(figuresFor({ id: 'x', shape }).length === 4);
  }
});

it('shows the spaces and line ends of a token', () => {
  expect([' good', '\n', ''].map(showToken)).toEqual(['␣good', '↵', '∅']);
});
