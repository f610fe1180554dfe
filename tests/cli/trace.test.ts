/** `tune --trace` and `--gpus`: a run told so exactly that another trainer can repeat it, and go on with it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readSafeTensors, toFloat32 } from '../../src/adapters';
import { runCommand } from '../support/command';
import { reviews } from '../support/nodeEngine';

const Batch = z.object({
  step: z.number(),
  rows: z.array(z.object({ token_ids: z.array(z.number()), target_start: z.number() })),
});
const Row = z.object({ token_ids: z.array(z.number()) });

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));

describe('a traced run', () => {
  let folder: string;
  const at = (...path: string[]) => join(folder, ...path);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'prelude-trace-'));
    writeFileSync(at('reviews.csv'), reviews);
    const given = ['--model', 'public/models/fable-7m', '--data', at('reviews.csv'), '--out', at('out')];
    const written = ['--trace', at('trace'), '--gpus', at('run.zip')];
    const { status, stderr } = runCommand('src/cli/tune.ts', [
      ...given,
      ...written,
      ...'--method prompt --init zero --steps 3 --length 4 --batch 2 --lr 0.02'.split(' '),
    ]);
    expect(stderr).toContain('Written to');
    expect(status).toBe(0);
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  it('writes where it started from as a PEFT folder', () => {
    expect(JSON.parse(readFileSync(at('trace', 'initial', 'adapter_config.json'), 'utf8'))).toMatchObject({
      peft_type: 'PROMPT_TUNING',
      num_virtual_tokens: 4,
    });
    const values = (...path: string[]) => {
      const { tensors } = readSafeTensors(new Uint8Array(readFileSync(at(...path, 'adapter_model.safetensors'))));
      return [...tensors.values()].flatMap((tensor) => [...toFloat32(tensor)]);
    };
    expect(values('trace', 'initial').every((value) => value === 0)).toBe(true);
    expect(values('out').every((value) => value === 0)).toBe(false);
  });

  it('writes the rows of each step, which are rows that train', () => {
    const batches = linesOf(readFileSync(at('trace', 'batches.jsonl'), 'utf8')).map((line) => Batch.parse(line));
    expect(batches.map(({ step }) => step)).toEqual([1, 2, 3]);
    const zip = unzipSync(new Uint8Array(readFileSync(at('run.zip'))));
    const train = Object.entries(zip).find(([name]) => name.endsWith('data/train.jsonl'))?.[1];
    const known = linesOf(new TextDecoder().decode(train)).map((line) => Row.parse(line).token_ids.join());
    for (const { rows } of batches) {
      expect(rows).toHaveLength(2);
      for (const { token_ids, target_start } of rows) {
        expect(known).toContain(token_ids.join());
        expect(target_start).toBe(token_ids.length - 2);
      }
    }
  });
});
