/** What it costs to take another adapter of one model: the caches, tensors and programs that are there are all there is. */
import { linearModules } from '../../autodiff';
import { adapterOf, cachedReader, type DeviceAdapter } from '../../inference';
import { bytesOfArray } from '../../runtime';
import { loraMethod, loraTargets, type Method, prefixMethod, promptMethod, Random } from '../../tuning';
import { type BenchModel, bundledModel } from './bundledModel';
import { median } from './timing';

const LENGTH = 16;
const SWITCHES = 50;
/** Slots of a generation of a few sentences. */
const CAPACITY = 128;
const PROMPT = [5, 6, 7, 8];

interface Use {
  readonly adapter: DeviceAdapter;
  dispose(): void;
}

async function bring({ loaded }: BenchModel, method: Method, seed: number): Promise<Use> {
  const { backend } = loaded;
  const { values } = await method.initial(loaded, new Random(seed));
  const trainable = backend.upload('float32', [values.length], bytesOfArray(values));
  const { adapter, dispose } = await adapterOf(loaded, method.graft, { trainable, frozen: null });
  return {
    adapter,
    dispose() {
      dispose();
      backend.free(trainable);
    },
  };
}

/** Milliseconds until the model reads with the other of two adapters, on wasm, where a kernel ends before it returns. */
async function switchMilliseconds(model: BenchModel, method: Method): Promise<number> {
  const { loaded, kernels } = model;
  const uses = [await bring(model, method, 1), await bring(model, method, 2)] as const;
  const choose = (i: number) => cachedReader(loaded, kernels, (uses[i % 2] as Use).adapter, CAPACITY);
  try {
    const first = choose(0);
    await first.read(PROMPT);
    first.dispose();
    const { sessions } = loaded.backend.live();
    const times: number[] = [];
    for (let i = 1; i <= SWITCHES; i++) {
      const start = performance.now();
      const reader = choose(i);
      times.push(performance.now() - start);
      if (i === 1) await reader.read(PROMPT);
      reader.dispose();
    }
    if (loaded.backend.live().sessions !== sessions) throw new Error('a switch has opened a session');
    return median(times);
  } finally {
    for (const use of uses) use.dispose();
  }
}

/** The slowest of the methods. */
export async function slowestSwitch(): Promise<number> {
  const model = await bundledModel();
  const { loaded } = model;
  const init = { type: 'random' } as const;
  const targets = loraTargets('llama', linearModules(loaded.decoder)).filter(({ roles }) => roles.includes('q'));
  const methods = {
    prefix: prefixMethod(loaded, { length: LENGTH, init, projection: null, frozenTokens: 0 }),
    prompt: promptMethod(loaded, { length: LENGTH, init, encoder: null }),
    lora: loraMethod(loaded.decoder, targets, { rank: 8, alpha: 16, dropout: 0 }),
  };
  let slowest = 0;
  for (const [name, method] of Object.entries(methods)) {
    const milliseconds = await switchMilliseconds(model, method);
    process.stderr.write(`another ${name}: ${milliseconds.toFixed(3)} ms\n`);
    slowest = Math.max(slowest, milliseconds);
  }
  return slowest;
}
