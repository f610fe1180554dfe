/** The WebGPU connector in a real Chromium, held against PyTorch and against the wasm connector. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { excess } from '../../src/cli/gradientCheck';
import { createWasmBackend, relativeError } from '../../src/runtime';
import { loweredCases } from '../autodiff/loweredCases';
import { ruleCases } from '../autodiff/ruleCases';
import { buildRuleGraph, describeCase, openRule } from '../autodiff/ruleGraph';
import type { Remote, TestBrowser } from '../support/browser';
import { openBrowser } from '../support/browser';
import { wasmTarget } from '../support/graphs';

/** WGSL promises sine and cosine to 2⁻¹¹ only; those of a model's file are lowered to something better. */
const INEXACT: ReadonlySet<string> = new Set(['Sin', 'Cos']);
const nothing = { tensors: 0, bytes: 0, sessions: 0 };

let browser: TestBrowser;
let page: Remote<typeof import('./webgpu.page')>;
beforeAll(async () => {
  browser = await openBrowser();
  page = browser.module<typeof import('./webgpu.page')>('/tests/runtime/webgpu.page.ts');
});
afterAll(() => browser?.close());

describe('golden gradients on WebGPU', () => {
  it.each([
    'llama_q4', // packed q/k/v with 4 bits
    'llama_q4_asym', // zero points in odd blocks
    'qwen2_q4', // biases
    'qwen3_sep_q4', // norms of queries and keys
    'gemma3_q4', // more layers than a shader binds buffers
    'phi3_partial_q4', // half of each head rotated
    'gpt2_q8', // int8 weights
    'opt_llama_q8', // angles computed in the graph
    'dyn_llama_op18', // angles from a weight
  ])('%s', async (name) => {
    const { errors, live } = await page.golden(name);
    expect(excess(errors)).toBeNull();
    expect(live).toEqual(nothing);
  });
});

describe('recomputation on WebGPU', () => {
  it('gives the same golden gradients', async () => {
    const { errors, live } = await page.golden('llama_q4', true);
    expect(excess(errors)).toBeNull();
    expect(live).toEqual(nothing);
  });
});

describe('every rule on WebGPU', () => {
  it('computes what it computes on wasm', async () => {
    const outputs = await page.ruleOutputs();
    const backend = await createWasmBackend();
    for (const [i, rule] of [...ruleCases, ...loweredCases].entries()) {
      const open = await openRule(backend, buildRuleGraph(rule, { ...wasmTarget, weights: 'quantized' }, i + 1));
      const expected = await open.run();
      await open.close();
      const names = Object.keys(expected);
      expect(Object.keys(outputs[i] ?? {}).sort()).toEqual(names.sort());
      for (const name of names) {
        const [computed, wanted] = [Float32Array.from(outputs[i]?.[name] ?? []), expected[name] as Float32Array];
        const what = `${describeCase(rule)}: ${name}`;
        // Where all is zero (the gradient of a step) there is no relative error.
        if (wanted.every((value) => value === 0))
          expect(
            computed.every((value) => value === 0),
            what,
          ).toBe(true);
        else expect(relativeError(computed, wanted), what).toBeLessThan(INEXACT.has(rule.op) ? 1e-3 : 1e-5);
      }
    }
    await backend.dispose();
  });
});

describe('the device', () => {
  it.each(['llama_q4', 'qwen3_sep_q4'])('runs every node of our graphs: %s', async (name) => {
    expect(await page.needsCpu(name, 'all')).toBeNull();
  });

  // Their masks are computed from integers in the graph: known when they train, a few nodes on the CPU when they generate.
  it.each(['opt_llama_q4', 'gpt2_q4', 'neox_ts14_q4'])('runs every node of a training step: %s', async (name) => {
    expect(await page.needsCpu(name, 'training')).toBeNull();
  });

  it('holds no more buffers after load, train and unload than before', async () => {
    const { alive, loaded, live } = await page.bufferCycles('llama_q4', 4);
    // The first cycle fills ONNX Runtime's pool, which it keeps for the runs to come.
    expect(new Set(alive)).toEqual(new Set([alive[0]]));
    expect(loaded).toBeGreaterThan((alive[0] as number) + 30);
    expect(live).toEqual(nothing);
  });

  it('refuses what cannot be right, and leaves nothing behind', async () => {
    const [graph, target, feed, live] = await page.refusals();
    expect(graph).toContain('DeviceError: ONNX Runtime (webgpu) refuses the graph');
    expect(target).toBe('DeviceError: Output loss is float32 [1], not float32 [2].');
    expect(feed).toContain('was not given');
    expect(JSON.parse(live ?? '')).toEqual(nothing);
  });

  it('computes right after a run that failed halfway', async () => {
    const { failure, doubled } = await page.runAfterFailure();
    expect(failure).toContain('Too many storage buffers');
    expect(doubled).toBe(6);
  });

  it('is out of memory where a graph has no room, and runs what comes next', async () => {
    const { refused, message, after } = await page.tooLarge();
    expect(refused, message).toBe(true);
    expect(after).toBe(2);
  });

  it('says so where there was no room for a tensor, instead of computing with nothing', async () => {
    const { outOfMemory, message, after } = await page.withoutRoom();
    expect(outOfMemory, message).toBe(true);
    expect(after).toBe(1);
  });

  it('has nothing to say on the console', () => {
    expect(browser.errors).toEqual([]);
  });
});
