/** `npm run bench`: the keys of its JSON, the figures that are the same on every machine, and medians. */
import { describe, expect, it, vi } from 'vitest';
import { median, takeTurns } from '../../src/cli/bench/timing';
import { runCommand } from '../support/command';

const KEYS = [
  'step_over_forward_wasm',
  'step_over_forward_webgpu',
  'step_over_torch',
  'generation_with_over_without',
  'prefix_switch_ms',
  'heap_over_largest_tensor',
  'nodes_step_over_forward',
  'flops_step_over_forward',
  'peak_live_bytes',
  'dataset_preview_s',
  'dataset_read_s',
  'dataset_peak_bytes',
  'first_token_s',
  'js_gzip_bytes',
];

const bench = (...args: string[]) => runCommand('src/cli/bench.ts', args);

describe('bench', () => {
  it('prints one JSON object with every figure; those it did not take are null', () => {
    const wanted = ['nodes_step_over_forward', 'flops_step_over_forward', 'peak_live_bytes'];
    const { status, stdout } = bench('--json', '--only', wanted.join());
    expect(status).toBe(0);
    const figures: Record<string, number | null> = JSON.parse(stdout);
    expect(Object.keys(figures).sort()).toEqual([...KEYS].sort());
    const taken = Object.entries(figures).filter(([, value]) => value !== null);
    expect(taken.map(([name]) => name).sort()).toEqual([...wanted].sort());
    // Frozen weights: the way back costs as much arithmetic as the way there, and no more (DESIGN: 2.05).
    expect(figures.flops_step_over_forward).toBeGreaterThan(1.8);
    expect(figures.flops_step_over_forward).toBeLessThanOrEqual(2.05);
    expect(figures.nodes_step_over_forward).toBeGreaterThan(1);
    expect(figures.nodes_step_over_forward).toBeLessThan(3.5);
    expect(figures.peak_live_bytes).toBeLessThan(64 * 2 ** 20);
  });

  it('without --json prints a line per figure', () => {
    const { stdout } = bench('--only', 'step_over_torch,nodes_step_over_forward');
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^step_over_torch +–$/);
    expect(lines[1]).toMatch(/^nodes_step_over_forward +[\d.]+ ×$/);
  });

  it('knows its figures', () => {
    const { status, stdout, stderr } = bench('--only', 'speed');
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('There is no figure named "speed".');
    for (const key of KEYS) expect(stderr).toContain(key);
  });
});

describe('timing', () => {
  it('the median is the middle, or between the two middles', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(() => median([])).toThrow(RangeError);
  });

  it('takes turns, the first now one and now the other, and does not count the rounds that warm up', async () => {
    let clock = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => clock);
    const calls: string[] = [];
    const call = (name: string, durations: number[]) => async () => {
      calls.push(name);
      clock += durations.shift() ?? 0;
    };
    // The first round warms up; in the last two, the machine is slow for both and then for neither.
    const compared = await takeTurns(2, 1, call('a', [900, 60, 6]), call('b', [1, 30, 2]));
    vi.restoreAllMocks();
    expect(calls).toEqual(['a', 'b', 'b', 'a', 'a', 'b']);
    expect(compared).toEqual({ a: 33, b: 16, ratio: 2.5 });
  });
});
