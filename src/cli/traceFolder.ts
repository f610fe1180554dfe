/** `tune --trace DIR`: the run's start as PEFT's folder `initial/`, and the rows of each step as a line of batches.jsonl. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunTrace } from '../worker/engine';

export function traceFolder(folder: string): RunTrace {
  const [initial, batches] = [join(folder, 'initial'), join(folder, 'batches.jsonl')];
  mkdirSync(initial, { recursive: true });
  writeFileSync(batches, '');
  return {
    initial(files) {
      for (const { name, bytes } of files) writeFileSync(join(initial, name), bytes);
    },
    batch(step, sequences) {
      const rows = sequences.map(({ tokenIds, targetStart }) => ({ token_ids: tokenIds, target_start: targetStart }));
      appendFileSync(batches, `${JSON.stringify({ step, rows })}\n`);
    },
  };
}
