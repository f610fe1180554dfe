/**
 * What the streaming reader holds while a model passes through it, over the largest tensor of that model. The model is
 * written in memory and handed over in chunks that are copies, so that what the reader keeps of them counts.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Initializer, readModel, writeModel } from '../../onnx';

const MiB = 2 ** 20;
const TENSOR = 16 * MiB;
const TENSORS = 3;
const CHUNK = 1 * MiB;
/** Freed buffers are counted off some time after a collection: the least of this many looks is what is live. */
const LOOKS = 8;

function modelFile(): Uint8Array {
  const bytes = new Uint8Array(TENSOR);
  const initializers = Array.from({ length: TENSORS }, (_, i): [string, Initializer] => {
    const name = `w${i}`;
    return [name, { name, dataType: 'uint8', dims: [TENSOR], byteLength: TENSOR }];
  });
  return writeModel(
    {
      irVersion: 10,
      opsets: { '': 21 },
      producer: 'prelude',
      graph: { name: 'weights', nodes: [], inputs: [], outputs: [], initializers: new Map(initializers) },
    },
    () => bytes,
  );
}

export async function readerHeapRatio(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const file = modelFile();
  /** Looks until there is nothing more to find: below `enough`, more looks would not matter. */
  const live = async (enough: number) => {
    let least = Number.POSITIVE_INFINITY;
    for (let look = 0; look < LOOKS && least > enough; look++) {
      await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
      least = Math.min(least, process.memoryUsage().arrayBuffers);
    }
    return least;
  };
  const before = await live(0);
  let peak = 0;
  const sample = async () => {
    peak = Math.max(peak, (await live(before + peak)) - before);
  };
  let at = 0;
  // By hand, since a generator would keep the chunk in its variables while the reader works on it.
  const chunks: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      async next() {
        await sample();
        if (at >= file.length) return { done: true, value: undefined };
        at += CHUNK;
        return { done: false, value: file.slice(at - CHUNK, at) };
      },
    }),
  };
  await readModel(chunks, { byteLength: file.length, onTensor: sample });
  return peak / TENSOR;
}
