/** The map of attention: layers in the mean over their heads, a layer head by head, and what the strongest colour is. */
import { describe, expect, it } from 'vitest';
import { gazeOfHeads, gazeOfLayers, largestShare } from '../../src/state/gaze';
import { createScriptedLearned } from '../support/scriptedLearned';

/** Two layers of two heads behind two virtual tokens. */
const figureOf = (answer: string) =>
  createScriptedLearned().attention({ adapterId: 'p', prompt: 'Verdict:', format: 'text', answer });

describe('the map of attention', () => {
  it('has a row per layer, the mean over its heads, and what the virtual tokens have together', async () => {
    const [first, ...others] = gazeOfLayers(await figureOf(' good'), 'answer');
    expect(others).toHaveLength(1);
    expect(first?.index).toBe(0);
    // (0.6 + 0.2) / 2 and (0.1 + 0.05) / 2
    expect(first?.shares[0]).toBeCloseTo(0.4);
    expect(first?.shares[1]).toBeCloseTo(0.075);
    expect(first?.total).toBeCloseTo(0.475);
  });

  it('opens a layer into its heads', async () => {
    const rows = gazeOfHeads(await figureOf(' good'), 1, 'answer');
    expect(rows.map(({ index, shares }) => [index, ...shares])).toEqual([
      [0, 0.6, 0.1],
      [1, 0.2, 0.05],
    ]);
    expect(rows[0]?.total).toBeCloseTo(0.7);
    expect(gazeOfHeads(await figureOf(' good'), 0, 'prompt')[0]?.shares).toEqual([0.4, 0.1]);
  });

  it('is empty where there is no answer to look from, and beyond the last layer', async () => {
    const figure = await figureOf('');
    expect(gazeOfLayers(figure, 'answer')).toEqual([]);
    expect(gazeOfHeads(figure, 0, 'answer')).toEqual([]);
    expect(gazeOfHeads(figure, 2, 'prompt')).toEqual([]);
  });

  it('gives the strongest colour to the largest share there is', async () => {
    const figure = await figureOf('');
    expect(largestShare(gazeOfHeads(figure, 0, 'prompt'))).toBe(0.4);
    expect(largestShare(gazeOfLayers(figure, 'prompt'))).toBeCloseTo(0.3);
    expect(largestShare([])).toBe(0);
  });
});
