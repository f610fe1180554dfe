/** Quantised activations keep their fractions, and the bounds of their integers: a Relu that a quantiser left out is there. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compile } from '../../src/autodiff/compiled';
import { differentiate } from '../../src/autodiff/differentiate';
import { rules } from '../../src/autodiff/rules';
import type { LowerContext, Value } from '../../src/autodiff/types';
import type { DataType } from '../../src/onnx';
import { bytesOfArray, createWasmBackend, readFloats, type WasmBackend } from '../../src/runtime';
import { newOps } from '../support/graphs';

let backend: WasmBackend;
beforeAll(async () => {
  backend = await createWasmBackend();
});
afterAll(() => backend.dispose());

const lower = (context: Partial<LowerContext>, opType: string): Value =>
  rules[opType]?.lower?.(context as LowerContext)[0] as Value;

async function roundTrip(dataType: DataType | null, numbers: readonly number[]) {
  const ops = newOps();
  const x = ops.builder.input('x', 'float32', [numbers.length]);
  const zero = dataType && ops.builder.literal(dataType, [], [0]);
  const node = { name: '', opType: 'QuantizeLinear', domain: '', inputs: [], outputs: [], attributes: {} };
  const q = lower({ ops, node, inputs: [x, ops.scalar(1), zero] }, 'QuantizeLinear');
  const y = lower(
    { ops, node: { ...node, opType: 'DequantizeLinear' }, inputs: [q, ops.scalar(1), zero] },
    'DequantizeLinear',
  );
  const ones = ops.builder.literal('float32', [numbers.length], new Array(numbers.length).fill(1));
  const gradient = differentiate(ops, [{ value: y, gradient: ones }], x);
  const session = await backend.createSession(compile(ops.builder, { y, gradient }).model);
  const fed = backend.upload('float32', x.dims, bytesOfArray(Float32Array.from(numbers)));
  const outputs = await session.run({ x: fed });
  const read = async (name: string) => [...(await readFloats(backend, outputs[name]))];
  const results = { y: await read('y'), gradient: await read('gradient') };
  for (const tensor of [fed, ...Object.values(outputs)]) backend.free(tensor);
  await session.release();
  return results;
}

it.each([
  ['uint8', [-5, 0.5, 3, 900], [0, 0.5, 3, 255], [0, 1, 1, 0]],
  [null, [-5, 0.5, 3, 900], [0, 0.5, 3, 255], [0, 1, 1, 0]],
  ['int8', [-900, -5, 3, 900], [-128, -5, 3, 127], [0, 1, 1, 0]],
  ['uint16', [-5, 900, 70_000], [0, 900, 65_535], [0, 1, 0]],
] as const)('of %s', async (dataType, numbers, expected, gradient) => {
  expect(await roundTrip(dataType, numbers)).toEqual({ y: expected, gradient });
});
