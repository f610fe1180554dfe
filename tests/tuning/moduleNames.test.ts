/**
 * Linear layers by their PyTorch names, held against the modules that transformers itself makes of each golden decoder's
 * config: torchModules.json, written by `python tools/golden/torch_modules.py`.
 */
import { describe, expect, it } from 'vitest';
import { linearModules } from '../../src/autodiff';
import { parseModelConfig } from '../../src/models';
import { loraTargets } from '../../src/tuning';
import { goldenCases, readCaseDecoder, readConfig } from '../support/fixtures';
import torchModules from './torchModules.json';

type Modules = Readonly<Record<string, readonly number[]>>;
const inTorch: Readonly<Record<string, Modules>> = torchModules;

const targetsOf = async (name: string, modelType: string) =>
  loraTargets(modelType, linearModules(await readCaseDecoder(name)));

/** Module of PyTorch that the file has in parts, or whose layer is of another kind in the file than config.json says. */
const notOffered: Readonly<Record<string, readonly string[]>> = {
  longrope_gqa_q4: ['model.layers.1.mlp.gate_up_proj'],
  phi3_partial_q4: ['model.layers.1.mlp.gate_up_proj'],
  mha_q4: ['model.layers.1.mlp.fc1', 'model.layers.1.mlp.fc2'],
};

describe('LoRA targets', () => {
  it.each(goldenCases)('have the names and sizes of PyTorch: %s', async (name) => {
    const { modelType } = parseModelConfig(readConfig(name));
    const targets = (await targetsOf(name, modelType)).filter(({ linear }) => linear.layer === 1);
    const found = Object.fromEntries(
      targets.map(({ module }) => [module.path, [module.inFeatures, module.outFeatures]] as const),
    );
    const left = notOffered[name] ?? [];
    expect(found).toEqual(
      Object.fromEntries(Object.entries(inTorch[name] ?? {}).filter(([path]) => !left.includes(path))),
    );
    expect(targets.every(({ conv1d }) => conv1d === (modelType === 'gpt2'))).toBe(true);
  });

  it('are rows of a packed matrix where PyTorch has modules of their own, and all of it where it has one', async () => {
    const [llama] = await targetsOf('llama_q4', 'llama');
    const [, key] = await targetsOf('llama_q4', 'llama');
    const [phi3] = await targetsOf('llama_q4', 'phi3');
    expect(llama).toMatchObject({ roles: ['q'], linear: { firstRow: 0, outFeatures: 64, rows: 128 } });
    expect(key).toMatchObject({ roles: ['k'], linear: { firstRow: 64, outFeatures: 32, rows: 128 } });
    expect(phi3).toMatchObject({ roles: ['q', 'k', 'v'], linear: { firstRow: 0, outFeatures: 128, rows: 128 } });
  });

  it('are not offered where the file has in one what PyTorch has apart, or apart what it has in one', async () => {
    const paths = (targets: Awaited<ReturnType<typeof targetsOf>>) => targets.map(({ module }) => module.path);
    expect(paths(await targetsOf('neox_ts14_q4', 'llama')).some((path) => /\.[qkv]_proj$/.test(path))).toBe(false);
    expect(paths(await targetsOf('opt_llama_q4', 'phi3'))).not.toContain('model.layers.0.self_attn.qkv_proj');
  });

  it("have Llama's names where the family is not known", async () => {
    const known = await targetsOf('qwen2_q4', 'llama');
    expect(await targetsOf('qwen2_q4', 'toString')).toEqual(known);
    expect(await targetsOf('qwen2_q4', 'unheard_of')).toEqual(known);
  });
});
