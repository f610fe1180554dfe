/** What stands under the loading bar. */
import { describe, expect, it } from 'vitest';
import { loadingNote, loadingText } from '../../src/ui/steps/loadingText';
import type { LoadProgress } from '../../src/worker/protocol';

type Downloading = Extract<LoadProgress, { status: 'downloading' }>;

const at = (change: Partial<Downloading> = {}): Downloading => ({
  status: 'downloading',
  file: 'onnx/model_q4.onnx',
  loaded: 41_000_000,
  total: 98_000_000,
  bytesPerSecond: 2_100_000,
  secondsLeft: 27,
  retry: null,
  cached: false,
  ...change,
});

describe('the words of a transfer', () => {
  it('are file, bytes of the total, rate and time left', () => {
    expect(loadingText(at())).toBe('Reading model_q4.onnx · 41 MB of 98 MB · 2.1 MB/s · about 25 s left');
    expect(loadingNote(at())).toBeNull();
  });

  it('leave out what is not known', () => {
    const unknown = at({ total: null, secondsLeft: null, bytesPerSecond: 0 });
    expect(loadingText(unknown)).toBe('Reading model_q4.onnx · 41 MB');
    expect(loadingText(null)).toBe('Starting');
  });

  it('promise no rate while a cut connection is tried again, and say which attempt it is', () => {
    const cut = at({ retry: { attempt: 2, of: 3, reason: 'The server says 503.' } });
    expect(loadingText(cut)).toBe('Reading model_q4.onnx · 41 MB of 98 MB');
    expect(loadingNote(cut)).toBe('connection lost, trying again (2 of 3): The server says 503.');
  });

  it('say when nothing is transferred', () => {
    expect(loadingNote(at({ cached: true }))).toBe('from this browser’s cache');
  });
});
