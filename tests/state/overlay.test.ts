/** Several curves in one chart: over the steps of all, and in words. */
import { expect, it } from 'vitest';
import { describeOverlay, overlayColumns } from '../../src/state/overlay';
import type { OverlayLine } from '../../src/state/runTable';
import { CURVE, EMPTY_CURVE } from '../support/keptRun';

const line = (name: string, curve: OverlayLine['curve']): OverlayLine => ({ id: name, name, curve });
const OTHER = { train: { steps: [2, 5], losses: [3, 2] }, validation: [{ step: 5, loss: 1.75, accuracy: null }] };

it('runs of different lengths stand over the steps of all, with gaps where one has no point', () => {
  expect(overlayColumns([line('a', CURVE), line('b', OTHER)])).toEqual([
    [0, 1, 2, 3, 5],
    [null, 2, null, 1, null],
    [2.5, null, null, 1.5, null],
    [null, null, 3, null, 2],
    [null, null, null, null, 1.75],
  ]);
});

it('nothing chosen is a chart without lines', () => {
  expect([overlayColumns([]), describeOverlay([])]).toEqual([[[]], '']);
});

it('says of each run where its validation loss went', () => {
  expect(describeOverlay([line('a', CURVE), line('b', OTHER), line('c', EMPTY_CURVE)])).toBe(
    'a: validation loss from 2.50 at step 0 to 1.50 at step 3. b: validation loss 1.75 at step 5. c has no validation yet.',
  );
});
