/**
 * Each gradient rule against finite differences of its own operator, run by ONNX Runtime: what a rule claims is held
 * against what the operator does, in the forms of both backends.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rules } from '../../src/autodiff/rules';
import type { CompileTarget } from '../../src/autodiff/types';
import { createWasmBackend, type WasmBackend } from '../../src/runtime';
import { wasmTarget, webgpuTarget } from '../support/graphs';
import { type RuleCase, ruleCases } from './ruleCases';
import { buildRuleGraph, describeCase, type OpenRule, openRule, type RuleGraph } from './ruleGraph';

const targets: Readonly<Record<string, CompileTarget>> = {
  wasm: { ...wasmTarget, weights: 'quantized' },
  // Without what WebGPU lacks; these graphs run on wasm as well, whose weight store keeps int8 as it is.
  webgpu: { ...webgpuTarget, gatherBlockQuantized: false, int8: true },
};

/** A power of two, so that x ± 2h is exact: the error that is left is O(h⁴) and float32 rounding divided by h. */
const STEP = 2 ** -5;
/** The largest seen is 6e-6; a wrong sign, factor or axis is off by a hundred times the tolerance and more. */
const TOLERANCE = 5e-5;

let backend: WasmBackend;
beforeAll(async () => {
  backend = await createWasmBackend();
});
afterAll(() => backend.dispose());

/** dL/dx by the five-point stencil, L = Σ r · y summed in float64. */
async function finiteDifferences(open: OpenRule, graph: RuleGraph, input: string): Promise<Float64Array> {
  const values = graph.feeds[input]?.data as Float32Array;
  const lossAt = async (i: number, step: number): Promise<number> => {
    const changed = values.slice();
    changed[i] = (changed[i] as number) + step;
    const outputs = await open.run({ [input]: changed });
    let loss = 0;
    for (const [name, r] of Object.entries(graph.cotangents)) {
      r.forEach((weight, k) => {
        loss += weight * (outputs[name]?.[k] as number);
      });
    }
    return loss;
  };
  const gradient = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const near = (await lossAt(i, STEP)) - (await lossAt(i, -STEP));
    const far = (await lossAt(i, 2 * STEP)) - (await lossAt(i, -2 * STEP));
    gradient[i] = (8 * near - far) / (12 * STEP);
  }
  return gradient;
}

const norm = (x: Float64Array) => Math.hypot(...x);

/** ‖claimed − measured‖ / ‖measured‖ of each operand's gradient. */
async function errorsOf(it: RuleCase, target: CompileTarget, seed: number): Promise<Record<string, number>> {
  const graph = buildRuleGraph(it, target, seed);
  const open = await openRule(backend, graph);
  try {
    const claimed = await open.run();
    const errors: Record<string, number> = {};
    for (const input of graph.trainables) {
      const measured = await finiteDifferences(open, graph, input);
      expect(norm(measured), 'a gradient that could be wrong').toBeGreaterThan(0.01);
      const gradient = claimed[`gradient.${input}`] as Float32Array;
      expect(gradient).toHaveLength(measured.length);
      errors[input] = norm(measured.map((value, i) => (gradient[i] as number) - value)) / norm(measured);
    }
    return errors;
  } finally {
    await open.close();
  }
}

describe.each(Object.entries(targets))('gradient rules, as compiled for %s', (_, target) => {
  it.each(ruleCases.map((rule, i) => ({ name: describeCase(rule), rule, seed: i + 1 })))('$name', async (line) => {
    const errors = Object.entries(await errorsOf(line.rule, target, line.seed));
    expect(errors.length).toBeGreaterThan(0);
    for (const [input, error] of errors) expect(error, `gradient of ${input}`).toBeLessThan(TOLERANCE);
  });
});

describe('the table of cases', () => {
  it('has a line for every rule with a gradient', () => {
    const withGradient = Object.keys(rules).filter((op) => rules[op]?.vjp);
    const covered = new Set(ruleCases.map(({ op }) => op));
    expect(withGradient.filter((op) => !covered.has(op))).toEqual([]);
  });

  it('has no line for an operator without a gradient rule', () => {
    expect(ruleCases.filter(({ op }) => !rules[op]?.vjp).map(describeCase)).toEqual([]);
  });
});
