/** Runs a compiled graph once, from numbers to float32 arrays, and leaves nothing behind on the backend. */
import { type Backend, type HostFeed, int32Feed, int64Feed, type Program, readFloats } from '../../src/runtime';

export type Feed = HostFeed;

export { floatFeed as floats } from '../../src/runtime';

export const int64s = (dims: readonly number[], values: readonly number[]): Feed =>
  int64Feed(dims, BigInt64Array.from(values, BigInt));

export const int32s = (dims: readonly number[], values: readonly number[]): Feed =>
  int32Feed(dims, Int32Array.from(values));

export function runProgram(
  backend: Backend,
  program: Program,
  feeds: Readonly<Record<string, Feed>>,
): Promise<Record<string, Float32Array>> {
  return program.call(feeds, async (outputs) => {
    const values: Record<string, Float32Array> = {};
    for (const [name, tensor] of Object.entries(outputs)) values[name] = await readFloats(backend, tensor);
    return values;
  });
}
