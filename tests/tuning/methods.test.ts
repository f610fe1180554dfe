/** What the methods graft does to a model: a text as prompt is the text, and networks that make prefixes learn exactly. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { names } from '../../src/autodiff';
import { adapterOf, score } from '../../src/inference';
import { createKernels } from '../../src/kernels';
import {
  bytesOfArray,
  createWasmBackend,
  type LoadedDecoder,
  relativeError,
  type WasmBackend,
} from '../../src/runtime';
import {
  graftOf,
  type Initialisation,
  type Method,
  prefixMethod,
  promptMethod,
  Random,
  type Trainables,
} from '../../src/tuning';
import { encodeOnHost } from '../../src/tuning/methods/encoder';
import { goldenCases, loadFixture, readCase } from '../support/fixtures';
import { initialPrefix } from '../support/prefixes';
import { floats, int32s, int64s, runProgram } from '../support/run';
import { randomIds } from '../support/tinyModel';

/** LongRoPE chooses its tables by the length of a whole text, so a text is another one where it is read in two parts. */
const FIXTURES = goldenCases.filter((name) => !name.startsWith('longrope'));
const text: Initialisation = { type: 'text', tokenIds: randomIds(1, 5) };

let backend: WasmBackend;
beforeAll(async () => {
  backend = await createWasmBackend();
});
afterAll(() => backend.dispose());

/** −log p of the last three of `tokenIds` with the numbers of a method in use. */
async function lossWith(loaded: LoadedDecoder, method: Method, { values, frozen }: Trainables, tokenIds: number[]) {
  const upload = (data: Float32Array) => backend.upload('float32', [data.length], bytesOfArray(data));
  const trainables = { trainable: upload(values), frozen: frozen.length > 0 ? upload(frozen) : null };
  const kernels = await createKernels(backend);
  const { adapter, dispose } = await adapterOf(loaded, method.graft, trainables);
  const [one] = await score(loaded, kernels, adapter, [{ tokenIds, targetStart: tokenIds.length - 3 }]);
  dispose();
  for (const tensor of Object.values(trainables)) if (tensor) backend.free(tensor);
  kernels.dispose();
  return one?.negativeLogLikelihood as number;
}

describe('a text as prompt', () => {
  it.each(FIXTURES)('is the text itself to the model: %s', async (fixture) => {
    const { kv_heads: kvHeads, head_dim: headDim } = JSON.parse(readCase(fixture).description);
    const loaded = await loadFixture(backend, fixture, { hints: { kvHeads, headDim } });
    const kernels = await createKernels(backend);
    const method = promptMethod(loaded, { length: 5, init: text, encoder: null });
    const rest = randomIds(2, 6);
    const whole = [...randomIds(1, 5), ...rest];
    const [plain] = await score(loaded, kernels, null, [{ tokenIds: whole, targetStart: whole.length - 3 }]);
    const prompted = await lossWith(loaded, method, await method.initial(loaded, new Random(0)), rest);
    expect(Math.abs(prompted - (plain?.negativeLogLikelihood as number))).toBeLessThan(2e-4);
    kernels.dispose();
    await loaded.dispose();
  });
});

/** The gradient of the mean loss over a fixed batch, and that loss. */
async function gradientOf(loaded: LoadedDecoder, method: Method, { values, frozen }: Trainables, recompute = false) {
  const { graft } = method;
  const [batch, tokens] = [2, 7 + graft.inserted];
  const ids = randomIds(4, batch * tokens);
  const rows = [1, 3, 5].flatMap((t) => [graft.inserted + t, tokens + graft.inserted + t]);
  const program = await loaded.training(graft, { batch, tokens, rows: rows.length, recompute });
  const outputs = await runProgram(backend, program, {
    [names.trainable]: floats([values.length], values),
    ...(frozen.length > 0 && { [names.frozen]: floats([frozen.length], frozen) }),
    [names.ids]: int64s([batch, tokens], ids),
    [names.rows]: int64s([rows.length], rows),
    [names.labels]: int32s([rows.length], randomIds(5, rows.length)),
    [names.weights]: floats([rows.length], new Float32Array(rows.length).fill(1 / rows.length)),
    ...(recompute && { [names.zero]: floats([1], new Float32Array(1)) }),
  });
  return { loss: (outputs.loss as Float32Array)[0] as number, gradient: outputs.gradient as Float32Array };
}

const METHODS: readonly (readonly [string, (loaded: LoadedDecoder) => Method])[] = [
  ['prompt', (loaded) => promptMethod(loaded, { length: 3, init: text, encoder: null })],
  ['P-tuning', (loaded) => promptMethod(loaded, { length: 3, init: { type: 'random' }, encoder: 6 })],
  ['prefix', (loaded) => prefixMethod(loaded, { length: 3, init: text, projection: null, frozenTokens: 0 })],
  [
    'prefix with a network',
    (loaded) => prefixMethod(loaded, { length: 3, init: { type: 'random' }, projection: 6, frozenTokens: 0 }),
  ],
  [
    'prefix with frozen tokens',
    (loaded) => prefixMethod(loaded, { length: 4, init: text, projection: null, frozenTokens: 1 }),
  ],
  [
    'prefix with frozen tokens and a network',
    (loaded) => prefixMethod(loaded, { length: 4, init: { type: 'random' }, projection: 6, frozenTokens: 2 }),
  ],
];

describe.each(METHODS)('%s', (_, make) => {
  it.each(['llama_q4', 'gpt2_q4'])('its gradient is the slope of its loss: %s', async (fixture) => {
    const loaded = await loadFixture(backend, fixture);
    const method = make(loaded);
    const start = await method.initial(loaded, new Random(7));
    expect([start.values.length, start.frozen.length]).toEqual([method.graft.size, method.graft.frozen]);
    const { gradient } = await gradientOf(loaded, method, start);
    const random = new Random(8);
    for (let direction = 0; direction < 4; direction++) {
      const along = Float32Array.from(gradient, () => random.normal());
      const step = 2e-3;
      const at = async (sign: number) => {
        const values = start.values.map((value, i) => value + sign * step * (along[i] as number));
        return (await gradientOf(loaded, method, { ...start, values })).loss;
      };
      const slope = ((await at(1)) - (await at(-1))) / (2 * step);
      const expected = gradient.reduce((sum, value, i) => sum + value * (along[i] as number), 0);
      const scale = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0));
      expect(Math.abs(slope - expected) / scale).toBeLessThan(2e-2);
    }
    await loaded.dispose();
  });

  it('gives the same gradient where layers are computed twice', async () => {
    const loaded = await loadFixture(backend, 'llama_q4');
    const method = make(loaded);
    const start = await method.initial(loaded, new Random(7));
    const once = await gradientOf(loaded, method, start);
    const twice = await gradientOf(loaded, method, start, true);
    expect(twice.loss).toBe(once.loss);
    expect(relativeError(twice.gradient, once.gradient)).toBeLessThan(1e-6);
    await loaded.dispose();
  });

  it('what is kept of it does the same to the model', async () => {
    const loaded = await loadFixture(backend, 'llama_q4');
    const method = make(loaded);
    const { values, frozen } = await method.initial(loaded, new Random(7));
    const trained = { values: values.map((value, i) => value + 0.05 * Math.sin(i)), frozen };
    const adapter = await method.adapter(loaded, trained);
    const blank = method.blank();
    expect({ ...blank, values: null }).toEqual({ ...adapter, values: null });
    expect(blank.values.length).toBe(adapter.values.length);
    const kept = { ...method, graft: graftOf({ loaded, targets: [] }, adapter) };
    const tokenIds = randomIds(2, 6);
    const before = await lossWith(loaded, method, trained, tokenIds);
    const after = await lossWith(loaded, kept, { values: adapter.values, frozen: new Float32Array() }, tokenIds);
    expect(Math.abs(after - before)).toBeLessThan(1e-5);
    await loaded.dispose();
  });
});

describe('the network of a prefix', () => {
  it('has the gradient that the chain rule makes of the prefix’s own', async () => {
    const loaded = await loadFixture(backend, 'llama_q4');
    const [length, width, hidden] = [3, 32, 6];
    const plain = prefixMethod(loaded, { length, init: text, projection: null, frozenTokens: 0 });
    const encoded = prefixMethod(loaded, { length, init: text, projection: hidden, frozenTokens: 0 });
    const start = await encoded.initial(loaded, new Random(3));
    const values = start.values.map((value, i) => value + 0.1 * Math.cos(i));
    const prefix = (await encoded.adapter(loaded, { ...start, values })).values;
    const own = await gradientOf(loaded, plain, { values: prefix, frozen: new Float32Array() });
    const made = await gradientOf(loaded, encoded, { ...start, values });
    expect(made.loss).toBeCloseTo(own.loss, 5);
    // Of the last layer's bias: the prefix's gradient summed over virtual tokens, in PEFT's order of a row.
    const [layers, heads, headDim] = [2, 2, 16];
    const rows = layers * 2 * heads * headDim;
    const bias = made.gradient.subarray(made.gradient.length - rows);
    const expected = Float32Array.from({ length: rows }, (_, row) => {
      const [head, dim] = [Math.floor(row / headDim), row % headDim];
      const at = (t: number) => own.gradient[(head * length + t) * headDim + dim] as number;
      return Array.from({ length }, (_, t) => at(t)).reduce((sum, value) => sum + value, 0);
    });
    expect(relativeError(bias, expected)).toBeLessThan(1e-5);
    // And of the last layer's matrix: that gradient, times the hidden units of each virtual token.
    const [inner] = [length * width + hidden * width + hidden];
    const shape = { length, widths: [width, hidden, hidden], activation: 'tanh' } as const;
    const identity = Array.from({ length: hidden }, (_, i) => Array.from({ length: hidden }, (_, k) => +(i === k)));
    const units = encodeOnHost(
      shape,
      Float32Array.from([...values.subarray(0, inner), ...identity.flat(), ...new Array(hidden).fill(0)]),
    );
    const matrix = made.gradient.subarray(inner, inner + rows * hidden);
    const outer = Float32Array.from({ length: rows * hidden }, (_, i) => {
      const [row, unit] = [Math.floor(i / hidden), i % hidden];
      const [head, dim] = [Math.floor(row / headDim), row % headDim];
      let sum = 0;
      for (let t = 0; t < length; t++)
        sum += (own.gradient[(head * length + t) * headDim + dim] as number) * (units[t * hidden + unit] as number);
      return sum;
    });
    expect(relativeError(matrix, outer)).toBeLessThan(1e-5);
    await loaded.dispose();
  });

  it('starts silent behind a text: the prefix is that of the text', async () => {
    const loaded = await loadFixture(backend, 'llama_q4');
    const encoded = prefixMethod(loaded, { length: 5, init: text, projection: 8, frozenTokens: 1 });
    const { values } = await encoded.adapter(loaded, await encoded.initial(loaded, new Random(3)));
    expect(relativeError(values, await initialPrefix(loaded, 5, text, new Random(3)))).toBeLessThan(1e-7);
    await loaded.dispose();
  });
});
