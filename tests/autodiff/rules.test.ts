/**
 * Each gradient rule against finite differences of its own operator, run by ONNX Runtime: what a rule claims is held
 * against what the operator does, in the forms of both backends. And each lowering against the operator it opens.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rules } from '../../src/autodiff/rules';
import type { CompileTarget } from '../../src/autodiff/types';
import { createWasmBackend, type WasmBackend } from '../../src/runtime';
import { wasmTarget, webgpuTarget } from '../support/graphs';
import { knownCases } from './knownCases';
import { loweredCases } from './loweredCases';
import { askOnnxRuntime } from './oracle';
import { ruleCases } from './ruleCases';
import { buildRuleGraph, describeCase, type OpenRule, openRule, type RuleGraph } from './ruleGraph';
import type { RuleCase } from './ruleLines';

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

const norm = (x: ArrayLike<number>) => Math.hypot(...Array.from(x));

/** ‖claimed − measured‖ / ‖measured‖ of each operand's gradient; the norms themselves where it is zero everywhere. */
async function errorsOf(it: RuleCase, target: CompileTarget, seed: number): Promise<Record<string, number>> {
  const graph = buildRuleGraph(it, target, seed);
  const open = await openRule(backend, graph);
  try {
    const claimed = await open.run();
    const errors: Record<string, number> = {};
    for (const input of graph.trainables) {
      const measured = await finiteDifferences(open, graph, input);
      const gradient = claimed[`gradient.${input}`] as Float32Array;
      expect(gradient).toHaveLength(measured.length);
      if (it.flat) {
        errors[input] = norm(gradient) + norm(measured);
        continue;
      }
      expect(norm(measured), 'a gradient that could be wrong').toBeGreaterThan(0.01);
      errors[input] = norm(measured.map((value, i) => (gradient[i] as number) - value)) / norm(measured);
    }
    return errors;
  } finally {
    await open.close();
  }
}

const named = (cases: readonly RuleCase[]) =>
  cases.map((rule, i) => [describeCase(rule), { rule, seed: i + 1 }] as const);
const trains = ({ inputs }: RuleCase) =>
  inputs.some(
    (operand) =>
      operand && ('low' in operand || 'apart' in operand) && !('weight' in operand) && !('frozen' in operand),
  );

describe.each(Object.entries(targets))('gradient rules, as compiled for %s', (_, target) => {
  it.each(named([...ruleCases, ...loweredCases].filter(trains)))('%s', async (_name, line) => {
    const errors = Object.entries(await errorsOf(line.rule, target, line.seed));
    expect(errors.length).toBeGreaterThan(0);
    for (const [input, error] of errors) expect(error, `gradient of ${input}`).toBeLessThan(TOLERANCE);
  });
});

/** Largest difference to ONNX Runtime's own operator, relative to the largest number. */
async function differenceOf(rule: RuleCase, graph: RuleGraph): Promise<number> {
  const open = await openRule(backend, graph);
  try {
    const ours = await open.run();
    const truth = await askOnnxRuntime(backend, rule, graph);
    let worst = 0;
    for (const [name, { dims, values }] of Object.entries(truth)) {
      expect(graph.outputs[name]?.dims, `shape of ${name}`).toEqual(dims);
      const computed = ours[name] as Float32Array;
      expect(computed).toHaveLength(values.length);
      const size = Math.max(1e-3, ...values.map(Math.abs).filter(Number.isFinite));
      values.forEach((value, i) => {
        const same = Object.is(value, computed[i]) || value === computed[i];
        const difference = same ? 0 : Math.abs((computed[i] as number) - value) / size;
        worst = Math.max(worst, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
      });
    }
    return worst;
  } finally {
    await open.close();
  }
}

const forms: Readonly<Record<string, CompileTarget>> = {
  ...targets,
  'wasm with float weights': { ...wasmTarget, weights: 'float' },
};
const asked = ({ oracle }: RuleCase) => !(oracle && 'without' in oracle);

describe.each(Object.entries(forms))("lowerings compute what ONNX Runtime's operator computes, for %s", (_, target) => {
  it.each(named(loweredCases.filter(asked)))('%s', async (_name, { rule, seed }) => {
    expect(await differenceOf(rule, buildRuleGraph(rule, target, seed))).toBeLessThan(2e-6);
  });
});

describe('what is known is computed while the graph is built, as ONNX Runtime would', () => {
  it.each(named(knownCases))('%s', async (_name, { rule, seed }) => {
    const graph = buildRuleGraph(rule, wasmTarget, seed);
    expect(graph.folds).toBe(true);
    expect(await differenceOf(rule, graph)).toBeLessThan(1e-6);
  });
});

describe('the table of cases', () => {
  const shapesOf = (op: string) =>
    new Set(
      [...ruleCases, ...loweredCases]
        .filter((rule) => rule.op === op && trains(rule))
        .map(({ inputs }) => JSON.stringify(inputs.map((operand) => operand && 'dims' in operand && operand.dims))),
    );

  it('has two lines of different shapes for every rule with a gradient', () => {
    const withGradient = Object.keys(rules).filter((op) => rules[op]?.vjp);
    expect(withGradient.filter((op) => shapesOf(op).size < 2)).toEqual([]);
  });

  it('has a line for every operator', () => {
    const covered = new Set([...ruleCases, ...loweredCases, ...knownCases].map(({ op }) => op));
    expect(Object.keys(rules).filter((op) => !covered.has(op))).toEqual([]);
  });

  it('has no line for an operator that is not in the table of rules', () => {
    const unknown = [...ruleCases, ...loweredCases, ...knownCases].filter(({ op }) => !rules[op]);
    expect(unknown.map(describeCase)).toEqual([]);
  });

  it('has no line without a gradient among those of gradient rules', () => {
    expect(ruleCases.filter(({ op }) => !rules[op]?.vjp).map(describeCase)).toEqual([]);
  });
});
