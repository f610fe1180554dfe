/** `npm run check-gradients` as others call it: one JSON line per folder whatever happens, and an exit code. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

let empty: string;
let damaged: string;
beforeAll(() => {
  empty = mkdtempSync(join(tmpdir(), 'prelude-case-'));
  damaged = mkdtempSync(join(tmpdir(), 'prelude-case-'));
  for (const file of ['model.onnx', 'golden.safetensors']) writeFileSync(join(damaged, file), '');
  writeFileSync(join(damaged, 'case.json'), '{"batch": 2}');
});
afterAll(() => {
  for (const folder of [empty, damaged]) rmSync(folder, { recursive: true });
});

function check(...args: string[]) {
  const run = spawnSync(process.execPath, ['scripts/run.mjs', 'src/cli/check-gradients.ts', ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  const lines = run.stdout.split('\n').filter(Boolean);
  return { status: run.status, stderr: run.stderr, lines: lines.map((line): unknown => JSON.parse(line)) };
}

const fixture = (name: string) => join(root, 'tests/fixtures', name);

describe('check-gradients', () => {
  it('says how far each case is off, and ends with 0 where all are right', () => {
    const { status, lines } = check(fixture('llama_q4'), `${fixture('qwen2_q4')}/`);
    expect(lines).toEqual(
      ['llama_q4', 'qwen2_q4'].map((name) => ({
        case: name,
        backend: 'wasm',
        loss_rel: expect.closeTo(0, 6),
        logits_rel: expect.closeTo(0, 5),
        grad_rel: expect.closeTo(0, 5),
        projection_grad_rel: expect.closeTo(0, 5),
        ...(name === 'llama_q4' && { prompt_grad_rel: expect.closeTo(0, 5), lora_grad_rel: expect.closeTo(0, 5) }),
        ok: true,
        error: null,
      })),
    );
    expect(status).toBe(0);
  });

  it('gives a folder that cannot be checked its line, goes on, and ends with 1', () => {
    const { status, lines } = check(empty, damaged, fixture('llama_q4'));
    const failed = { backend: 'wasm', loss_rel: null, logits_rel: null, grad_rel: null, ok: false };
    expect(lines).toEqual([
      { ...failed, case: empty.split('/').at(-1), error: expect.stringContaining('model.onnx') },
      { ...failed, case: damaged.split('/').at(-1), error: expect.stringContaining('case.json') },
      expect.objectContaining({ case: 'llama_q4', ok: true }),
    ]);
    expect(status).toBe(1);
  });

  it('passes over files and folders of other things beside the cases, and is not content with those alone', () => {
    const readme = fixture('README.md');
    const { status, stderr, lines } = check(readme, fixture('data'), fixture('llama_q4'));
    expect(lines).toEqual([expect.objectContaining({ case: 'llama_q4', ok: true })]);
    expect(stderr).toContain(`${readme} is a file`);
    expect(stderr).toContain(`${fixture('data')} is a folder of other things`);
    expect(status).toBe(0);
    expect(check(readme)).toMatchObject({ status: 1, lines: [] });
  });

  it.each([
    ['no folder', []],
    ['an unknown backend', ['--backend', 'abacus', fixture('llama_q4')]],
    ['an unknown option', ['--backends', 'wasm']],
  ])('says how it is called: %s', (_, args) => {
    const { status, stderr, lines } = check(...args);
    expect(lines).toEqual([]);
    expect(stderr).toMatch(/Usage|Unknown option/);
    expect(status).toBe(1);
  });
});
