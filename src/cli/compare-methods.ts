/**
 * `npm run -s compare-methods -- --model DIR --data FILE [--steps N]`: tunes the same data with every method, one after the
 * other, each with the defaults of `npm run -s tune`, and prints what came of it as a Markdown table: README's.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { describeError } from './describeError';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const METHODS = ['prefix', 'prompt', 'lora'] as const;

/** What `tune --json` prints on its last line. */
const Answer = z.object({
  steps: z.number(),
  seconds: z.number(),
  val_loss_before: z.number(),
  val_loss_after: z.number(),
  accuracy_before: z.number().nullable(),
  accuracy_after: z.number().nullable(),
  trainable_parameters: z.number(),
  adapter_bytes: z.number(),
});
type Answer = z.infer<typeof Answer>;

async function tune(method: string, args: readonly string[], out: string): Promise<Answer> {
  const program = [join(ROOT, 'scripts/run.mjs'), join(ROOT, 'src/cli/tune.ts')];
  const options = [...args, '--method', method, '--out', join(out, method), '--json'];
  const { stdout } = await run(process.execPath, [...program, ...options], { maxBuffer: 2 ** 26 });
  return Answer.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
}

const count = (value: number): string => value.toLocaleString('en');
const share = (value: number | null): string => (value === null ? '–' : `${(100 * value).toFixed(1)} %`);
const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;

async function main(args: readonly string[]): Promise<void> {
  const out = await mkdtemp(join(tmpdir(), 'prelude-methods-'));
  const head = ['method', 'numbers learned', 'file', 'steps', 'seconds', 'validation loss', 'accuracy'];
  process.stdout.write(line(head) + line(head.map((_, i) => (i === 0 ? '---' : '--:'))));
  try {
    let untuned = false;
    for (const method of METHODS) {
      const answer = await tune(method, args, out);
      const row = (name: string, of: readonly string[], loss: number, accuracy: number | null) =>
        process.stdout.write(line([name, ...of, loss.toFixed(3), share(accuracy)]));
      if (!untuned) row('untuned', ['0', '–', '–', '–'], answer.val_loss_before, answer.accuracy_before);
      untuned = true;
      const { trainable_parameters: numbers, adapter_bytes: bytes, steps, seconds } = answer;
      const cost = [count(numbers), kilobytes(bytes), count(steps), seconds.toFixed(0)];
      row(method, cost, answer.val_loss_after, answer.accuracy_after);
    }
  } finally {
    await rm(out, { recursive: true });
  }
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${describeError(error)}\n`);
    process.exit(1);
  },
);
