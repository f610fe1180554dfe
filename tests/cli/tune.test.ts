/** `npm run tune` as others call it: the files it writes, the line it prints, and how it fails. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importAdapter } from '../../src/adapters';
import { runCommand } from '../support/command';
import { bundledGeometry } from '../support/geometry';
import { reviews } from '../support/nodeEngine';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'prelude-tune-'));
  writeFileSync(join(folder, 'reviews.csv'), reviews);
});
afterAll(() => rmSync(folder, { recursive: true }));

const tune = (...args: string[]) => runCommand('src/cli/tune.ts', args);
const shortRun = '--steps 3 --length 4 --batch 2 --lr 0.02 --seed 3 --json'.split(' ');
const onReviews = (out: string) => [
  '--model',
  'public/models/fable-7m',
  '--data',
  join(folder, 'reviews.csv'),
  '--out',
  out,
];

describe('tune', () => {
  it('gives the same losses with little memory, and says in what parts it computes', () => {
    const [roomy, scarce] = [
      ['1024', '16'],
      ['60', '\\d, each layer computed twice'],
    ].map(([budget, parts], i) => {
      const out = join(folder, `budget-${i}`);
      const args = '--steps 2 --length 4 --batch 16 --lr 0.02 --seed 3 --validation 0.05'.split(' ');
      const { status, stderr } = tune(...onReviews(out), ...args, '--memory-budget', budget as string);
      expect(stderr).toMatch(new RegExp(`about \\d+ MiB of memory, in micro-batches of ${parts}`));
      expect(status).toBe(0);
      const log = readFileSync(join(out, 'log.jsonl'), 'utf8').trim().split('\n');
      return log.map((line) => Number(JSON.parse(line).loss));
    }) as [number[], number[]];
    expect(scarce).toHaveLength(2);
    scarce.forEach((loss, i) => {
      expect(Math.abs(loss - (roomy[i] as number))).toBeLessThanOrEqual(1e-5);
    });
  });

  it('refuses before training where not even one row fits', () => {
    const { status, stderr } = tune(...onReviews(join(folder, 'none')), '--memory-budget', '40');
    expect(status).toBe(1);
    expect(stderr).toMatch(/Training does not fit: with one row of \d+ tokens .* and the budget is 40 MiB/);
  });

  it('writes a PEFT folder and a log, and prints one JSON object', () => {
    const out = join(folder, 'out');
    const { status, stdout, stderr } = tune(...onReviews(out), ...shortRun);
    expect(stderr).toContain('validation loss');
    expect(status).toBe(0);

    const result: Record<string, unknown> = JSON.parse(stdout);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(Object.keys(result)).toEqual([
      'steps',
      'seconds',
      'val_loss_before',
      'val_loss_after',
      'accuracy_before',
      'accuracy_after',
      'trainable_parameters',
      'adapter_bytes',
      'backend',
    ]);
    expect(result).toMatchObject({ steps: 3, trainable_parameters: 8 * 2 * 4 * 4 * 32, backend: 'wasm' });
    for (const name of ['seconds', 'val_loss_before', 'val_loss_after']) expect(result[name]).toBeGreaterThan(0);
    for (const name of ['accuracy_before', 'accuracy_after']) {
      expect(result[name]).toBeGreaterThanOrEqual(0);
      expect(result[name]).toBeLessThanOrEqual(1);
    }

    const log = readFileSync(join(out, 'log.jsonl'), 'utf8').trim().split('\n');
    const entries = log.map((line): Record<string, number> => JSON.parse(line));
    expect(entries.map(({ step }) => step)).toEqual([1, 2, 3]);
    for (const entry of entries) {
      expect(Object.keys(entry)).toEqual(['step', 'loss', 'lr', 'grad_norm', 'tokens_per_s']);
      for (const value of Object.values(entry)) expect(value).toBeGreaterThan(0);
    }

    expect(readdirSync(out)).toEqual(expect.arrayContaining(['adapter_config.json', 'adapter_model.safetensors']));
    const bytes = new Uint8Array(readFileSync(join(out, 'adapter_model.safetensors')));
    expect(bytes.byteLength).toBe(result.adapter_bytes);
    const config = new Uint8Array(readFileSync(join(out, 'adapter_config.json')));
    const files = [
      { name: 'adapter_config.json', bytes: config },
      { name: 'adapter_model.safetensors', bytes },
    ];
    expect(importAdapter(files, bundledGeometry).adapter).toMatchObject({ method: 'prefix', length: 4 });
    expect(JSON.parse(new TextDecoder().decode(config))).toMatchObject({
      peft_type: 'PREFIX_TUNING',
      num_virtual_tokens: 4,
    });
  });

  it('fails with a sentence that says what to do, and prints nothing on stdout', () => {
    const cases: readonly [string[], RegExp][] = [
      [['--model', 'public/models/fable-7m'], /--data is missing\./],
      [['--model', join(folder, 'nowhere'), '--data', 'x.csv', '--out', folder], /nowhere cannot be read/],
      [
        ['--model', 'public/models/fable-7m', '--data', join(folder, 'no.csv'), '--out', folder],
        /Give a file with --data/,
      ],
      [[...onReviews(folder), '--target-column', 'verdict'], /verdict/],
    ];
    for (const [args, message] of cases) {
      const { status, stdout, stderr } = tune(...args);
      expect(stderr).toMatch(message);
      expect(stderr).not.toContain('    at ');
      expect(stdout).toBe('');
      expect(status).toBe(1);
    }
  });
});
