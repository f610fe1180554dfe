/** Sine and cosine for devices whose own are too coarse, computed by ONNX Runtime from the primitives they are lowered to. */
import { expect, it } from 'vitest';
import { compile } from '../../src/autodiff/compiled';
import { rules } from '../../src/autodiff/rules';
import type { LowerContext } from '../../src/autodiff/types';
import { bytesOfArray, createWasmBackend, readFloats } from '../../src/runtime';
import { newOps, webgpuTarget } from '../support/graphs';

/** Positions times frequencies, as rotary embeddings have them: exact quarter turns, negative ones and long texts among them. */
const ANGLES = Float32Array.from([
  ...[0, 1e-6, Math.PI / 4, Math.PI / 2, Math.PI, (3 * Math.PI) / 2, 2 * Math.PI, -1, -Math.PI / 2, -100],
  ...Array.from({ length: 500 }, (_, i) => i * 0.37),
  ...Array.from({ length: 500 }, (_, i) => 100_000 - i * 199.7),
]);

it.each([
  ['Sin', Math.sin],
  ['Cos', Math.cos],
] as const)('%s is right to float32 on the whole range of positions', async (opType, truth) => {
  const backend = await createWasmBackend();
  const ops = newOps(webgpuTarget);
  const x = ops.builder.input('x', 'float32', [ANGLES.length]);
  const [y] = rules[opType]?.lower?.({ ops, inputs: [x] } as unknown as LowerContext) ?? [];
  if (!y) throw new Error(`${opType} is not lowered`);
  expect(ops.builder.nodes.map((node) => node.opType)).not.toContain(opType);
  const session = await backend.createSession(compile(ops.builder, { y }).model);
  const outputs = await session.run({ x: backend.upload('float32', x.dims, bytesOfArray(ANGLES)) });
  const computed = await readFloats(backend, outputs.y);
  const worst = Math.max(...computed.map((value, i) => Math.abs(value - truth(ANGLES[i] as number))));
  expect(worst).toBeLessThan(1e-6);
  await session.release();
  await backend.dispose();
});
