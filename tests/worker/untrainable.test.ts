/** A model with an operator that the compiler does not know: it says so when it is loaded, generates, and refuses to tune. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { singleModelLibrary } from '../../src/models';
import { type Model, readModel, writeModel } from '../../src/onnx';
import { PreludeEngine } from '../../src/worker/engine';
import type { GenerateRequest, ModelSummary } from '../../src/worker/protocol';
import { bundledModelBytes, once } from '../support/fixtures';
import { bundledFiles, bundledSource, quickRun, reviews } from '../support/nodeEngine';
import { ignore, textSource } from '../support/source';

/** The bundled model with its logits going through a Shrink that leaves them as they are. */
async function withUnknownOperator(): Promise<Uint8Array> {
  const weights = new Map<string, Uint8Array>();
  const model = await readModel(once(bundledModelBytes()), {
    onTensor: ({ name, bytes }) => {
      weights.set(name, bytes.slice());
    },
  });
  const nodes = model.graph.nodes.map((node) => ({
    ...node,
    outputs: node.outputs.map((name) => (name === 'logits' ? 'raw_logits' : name)),
  }));
  const shrink = {
    name: '/lm_head/Shrink',
    opType: 'Shrink',
    domain: '',
    inputs: ['raw_logits'],
    outputs: ['logits'],
    attributes: { lambd: { type: 'float', value: 0 } },
  } as const;
  const changed: Model = { ...model, graph: { ...model.graph, nodes: [...nodes, shrink] } };
  return writeModel(changed, (name) => weights.get(name));
}

const request: GenerateRequest = {
  prompt: 'The cake was',
  format: 'text',
  adapterId: null,
  sampling: { temperature: 0, topP: 1, maxTokens: 8, seed: 1 },
};

describe('a model with an operator that has no rule', () => {
  let engine: PreludeEngine;
  let summary: ModelSummary;
  beforeAll(async () => {
    const bytes = await withUnknownOperator();
    const files = bundledFiles();
    engine = new PreludeEngine({
      models: singleModelLibrary({
        ...files,
        open: async (path) =>
          path === files.onnxPath ? { bytes: bytes.byteLength, chunks: once(bytes) } : files.open(path),
      }),
    });
    summary = await engine.loadModel(bundledSource, 'wasm', () => {});
  });
  afterAll(() => engine.unloadModel());

  it('says which operator it is, and where', () => {
    expect(summary.untrainable).toMatchObject({ kind: 'model', where: { node: '/lm_head/Shrink' } });
    expect(summary.untrainable?.message).toContain('Shrink');
  });

  it('generates what the model without it generates', async () => {
    const whole = new PreludeEngine({ models: singleModelLibrary(bundledFiles()) });
    expect((await whole.loadModel(bundledSource, 'wasm', () => {})).untrainable).toBeNull();
    const [text, expected] = [await engine.generate(request, () => {}), await whole.generate(request, () => {})];
    expect(text.text).toBe(expected.text);
    expect(text.tokens).toBe(8);
    await whole.unloadModel();
  });

  it('cannot be tuned, and says why', async () => {
    await engine.setDataset(textSource('reviews.csv', reviews), { validationFraction: 0.2, seed: 1 }, ignore);
    await expect(engine.tune(quickRun, () => {})).rejects.toThrow('Shrink');
    await expect(engine.evaluate(null)).rejects.toThrow('Shrink');
    const asked = { subjects: [{ type: 'model' }], rows: 2, maxTokens: 2, seed: 1 } as const;
    await expect(engine.evaluateSubjects(asked, ignore)).rejects.toThrow('Shrink');
  });

  it('labels no file, since it cannot be asked how likely a label is, but answers one', async () => {
    const source = textSource('new.csv', 'text,label\nThe cake was,x\nThe dog was,y\n');
    const asked = { adapterId: null, source, maxTokens: 2 };
    await expect(engine.applyToFile(asked, ignore)).rejects.toThrow('Shrink');
    const mapping = { task: 'generation' } as const;
    await engine.setDataset(textSource('reviews.csv', reviews), { mapping, seed: 1 }, ignore);
    expect(await engine.applyToFile(asked, ignore)).toMatchObject({ rows: 2, left: 0, stopped: false });
  });
});
